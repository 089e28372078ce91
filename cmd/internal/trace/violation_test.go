package trace

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestViolations has each rule broken behind a frame that breaks none: it is
// reported once, with its place, and nothing behind it.
func TestViolations(t *testing.T) {
	tests := []struct {
		name string
		from codec.Role
		hex  string
		want string // behind "       3 ← " or "       7 → "
		err  error
	}{
		{"reserved bit", codec.Server, "a1 00", "text         FIN RSV2               0 VIOLATION by the server: reserved bit set without an extension that defines it (RFC 6455 §5.2)", codec.ErrReservedBits},
		{"reserved opcode", codec.Server, "83 00", "reserved 3   FIN                    0 VIOLATION by the server: reserved opcode (RFC 6455 §5.2)", codec.ErrReservedOpcode},
		{"16-bit length of 5", codec.Server, "82 7e 00 05 01 02 03 04 05", "binary       FIN                    5 VIOLATION by the server: payload length not encoded in the fewest bytes (RFC 6455 §5.2)", codec.ErrLengthNotMinimal},
		{"64-bit length of 5", codec.Server, "82 7f 00 00 00 00 00 00 00 05", "binary       FIN                    5 VIOLATION by the server: payload length not encoded in the fewest bytes (RFC 6455 §5.2)", codec.ErrLengthNotMinimal},
		{"length of 2^63", codec.Server, "82 7f 80 00 00 00 00 00 00 00", "binary       FIN               9223372036854775808 VIOLATION by the server: payload length with its most significant bit set (RFC 6455 §5.2)", codec.ErrLengthOverflow},
		{"unmasked client", codec.Client, "81 00", "text         FIN                    0 VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)", codec.ErrUnmasked},
		{"masked server", codec.Server, "81 80 01 02 03 04", "text         FIN      01020304      0 VIOLATION by the server: frame from a server is masked (RFC 6455 §5.1)", codec.ErrMasked},
		{"continuation of nothing", codec.Server, "80 00", "continuation FIN                    0 VIOLATION by the server: continuation frame without a message to continue (RFC 6455 §5.4)", codec.ErrContinuation},
		{"fragmented ping", codec.Server, "09 00", "ping                                0 VIOLATION by the server: fragmented control frame (RFC 6455 §5.5)", codec.ErrControlFragmented},
		{"ping of 126 bytes", codec.Server, "89 7e 00 7e", "ping         FIN                  126 VIOLATION by the server: control frame longer than 125 bytes (RFC 6455 §5.5)", codec.ErrControlTooLong},
		{"close of one byte", codec.Server, "88 01 03", "close        FIN                    1 VIOLATION by the server: Close payload of one byte (RFC 6455 §5.5.1)", codec.ErrCloseTruncated},
		{"close 1005", codec.Server, "88 02 03 ed", "close        FIN                    2 VIOLATION by the server: status code that must not be sent (RFC 6455 §7.4)", codec.ErrCloseStatus},
		{"close reason", codec.Server, "88 03 03 e8 ff", "close        FIN                    3 VIOLATION by the server: Close reason is not UTF-8 (RFC 6455 §5.5.1)", codec.ErrCloseReason},
		{"text", codec.Client, "81 81 01 02 03 04 fe", "text         FIN      01020304      1 VIOLATION by the client: text message is not UTF-8 (RFC 6455 §8.1)", codec.ErrText},
		{"half a code point", codec.Server, "81 01 c3", "text         FIN                    1 VIOLATION by the server: text message is not UTF-8 (RFC 6455 §8.1)", codec.ErrText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			broken, err := hex.DecodeString(strings.ReplaceAll(tt.hex, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			input := append(frame(tt.from, codec.OpPing, "FIN", "x"), broken...)
			want := "       3 ← " + tt.want
			if tt.from == codec.Client {
				want = "       7 → " + tt.want
			}
			for _, step := range []int{1, len(input)} {
				var l lines
				var errs []error
				print := l.sink()
				s := NewSession(codec.Client, false, 0, func(e Event) {
					if print(e); e.Err != nil {
						errs = append(errs, e.Err)
					}
				})
				for i := 0; i < len(input); i += step {
					s.Write(tt.from, time.Time{}, input[i:i+step])
				}
				s.Write(tt.from, time.Time{}, frame(tt.from, codec.OpText, "FIN", "not decoded"))
				s.End(tt.from, time.Time{})
				if got := l.all(); len(got) != 2 || got[1] != want {
					t.Errorf("% x, %d bytes at a time:\n got %s\nwant %s", broken, step, strings.Join(got[1:], "\n     "), want)
				}
				if len(errs) != 1 || errs[0] != tt.err {
					t.Errorf("% x, %d bytes at a time: errors %v, want %v", broken, step, errs, tt.err)
				}
			}
		})
	}
}

func TestViolationOfSequence(t *testing.T) {
	tests := []struct {
		name, first, second string
		err                 error
	}{
		{"text inside a message", "01 00", "81 00", codec.ErrInterleaved},
		{"text after close", "88 00", "81 00", codec.ErrAfterClose},
		{"text that goes on wrongly", "01 01 c3", "80 01 c3", codec.ErrText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []Event
			s := NewSession(codec.Client, false, 0, func(e Event) { got = append(got, e) })
			for _, h := range []string{tt.first, tt.second} {
				p, _ := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
				s.Write(codec.Server, time.Time{}, p)
			}
			if len(got) != 2 || got[0].Err != nil || got[1].Kind != Violation || got[1].Err != tt.err {
				t.Errorf("%s, %s: %+v, want a frame and the violation %v", tt.first, tt.second, got, tt.err)
			}
		})
	}
}

// TestRulesAreComplete asks for the section of every rule that the codec knows.
func TestRulesAreComplete(t *testing.T) {
	known := 0
	for i := 1; i < 256; i++ {
		for _, err := range []error{codec.Violation(i), codec.Refusal(i)} {
			unknown := err.Error() == codec.Violation(0).Error() || err.Error() == codec.Refusal(0).Error()
			if unknown {
				continue
			}
			known++
			if rule, section := Rule(err); rule == "" || strings.HasPrefix(rule, "codec") || !strings.Contains(section, " §") {
				t.Errorf("Rule(%v) = %q, %q, want a rule and a section", err, rule, section)
			}
		}
	}
	if known < 50 {
		t.Errorf("%d rules found in the codec, want at least 50", known)
	}
}
