package wstest

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
)

func dialDeflate(role codec.Role, f deflateFaults) func(*testing.T) net.Conn {
	return func(*testing.T) net.Conn {
		suite, peer := pipe.New()
		go serveDeflate(peer, role, f)
		return suite
	}
}

// TestCorrectDeflatePeerPasses holds the compression cases against a peer that was
// written without them.
func TestCorrectDeflatePeerPasses(t *testing.T) {
	groups := []string{} // all
	if raceEnabled {
		groups = []string{"12.4.3", "12.2.6", "13.5.11", "13.7.4"}
	}
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		t.Run(role.String(), func(t *testing.T) {
			PlayDeflateTableInBubble(t, role, dialDeflate(role, deflateFaults{}), 2, groups...)
		})
	}
}

// TestFaultyDeflatePeerIsFound: what Autobahn finds, and what it does not notice.
func TestFaultyDeflatePeerIsFound(t *testing.T) {
	for _, tt := range []struct {
		fault    string
		f        deflateFaults
		role     codec.Role
		id       string
		behavior Verdict
		why      string // part of the explanation
	}{
		{"takes no extension", deflateFaults{noUpgrade: true, plain: true}, codec.Server, "12.1.1", Unimplemented, "no compression was agreed on"},
		{"offers no extension", deflateFaults{silent: true}, codec.Client, "12.1.1", Unimplemented, "the client offers \"\""},
		{"does not let its window be asked for", deflateFaults{respond: func(_, o *DeflateParams) { o.ClientMaxWindowBits = 0 }}, codec.Client, "13.3.1", Unimplemented, "no compression was agreed on"},
		{"offers a window too small", deflateFaults{respond: func(_, o *DeflateParams) { o.ClientMaxWindowBits = 8 }}, codec.Client, "13.5.1", Unimplemented, "client_max_window_bits=8"},
		{"does not let its window be asked for", deflateFaults{respond: func(_, o *DeflateParams) { o.ClientMaxWindowBits = 0 }}, codec.Client, "13.7.1", OK, ""},

		{"answers without server_max_window_bits", deflateFaults{respond: func(_, r *DeflateParams) { r.ServerMaxWindowBits = 0 }, silent: true}, codec.Server, "13.3.6", Failed, "server_max_window_bits was asked for and is missing"},
		{"answers with a larger window", deflateFaults{respond: func(_, r *DeflateParams) { r.ServerMaxWindowBits = 10 }}, codec.Server, "13.3.6", Failed, "server_max_window_bits is larger"},
		{"answers with a smaller window", deflateFaults{respond: func(_, r *DeflateParams) { r.ServerMaxWindowBits = 8 }}, codec.Server, "13.3.6", OK, ""},
		{"answers without server_no_context_takeover", deflateFaults{respond: func(_, r *DeflateParams) { r.ServerNoContextTakeover = false }, silent: true}, codec.Server, "13.2.6", Failed, "server_no_context_takeover was asked for and is missing"},
		{"answers with what none of the offers has", deflateFaults{respond: func(_, r *DeflateParams) { r.ClientMaxWindowBits = AnyBits }}, codec.Server, "12.1.1", Failed, "without a value"},
		{"answers with what nobody asked for", deflateFaults{respond: func(_, r *DeflateParams) { r.ServerNoContextTakeover, r.ServerMaxWindowBits = true, 12 }}, codec.Server, "12.1.6", OK, ""},
		{"answers with what is allowed", deflateFaults{respond: func(_, r *DeflateParams) { r.ClientNoContextTakeover, r.ClientMaxWindowBits = true, 10 }}, codec.Server, "12.2.6", OK, ""},

		{"uses a larger window", deflateFaults{window: 1 << 10}, codec.Server, "13.3.6", Failed, "in a window of 512"},
		{"uses a larger window", deflateFaults{window: 1 << 15}, codec.Client, "13.5.6", Failed, "in a window of 512"},
		{"uses a smaller window", deflateFaults{window: 1 << 8}, codec.Server, "13.3.6", OK, ""},
		{"refers to a message before", deflateFaults{keep: true}, codec.Server, "13.2.6", Failed, "bytes before it"},
		{"refers to a message before", deflateFaults{keep: true}, codec.Client, "13.6.6", Failed, "bytes before it"},
		{"refers to a message before", deflateFaults{keep: true}, codec.Server, "13.1.6", OK, ""},
		{"forgets what it received", deflateFaults{forget: true}, codec.Server, "13.1.6", Failed, "did not come"},

		{"compresses nothing", deflateFaults{plain: true}, codec.Server, "12.3.6", Failed, "compressed none"},
		{"compresses nothing that is small", deflateFaults{plain: true}, codec.Server, "12.3.2", OK, ""},
		{"does not compress what is incompressible", deflateFaults{plain: true}, codec.Server, "12.5.6", OK, ""},
		{"leaves the tail in place", deflateFaults{noTail: true}, codec.Server, "12.3.6", Failed, "ends inside a block"},
		{"cuts off too much", deflateFaults{change: func(p []byte) []byte { return p[:len(p)-1] }}, codec.Server, "12.3.6", Failed, "does not inflate"},
		{"changes a byte", deflateFaults{change: func(p []byte) []byte { p[len(p)/2] ^= 0x10; return p }}, codec.Server, "12.5.6", Failed, ""},
		{"sets RSV1 on continuations", deflateFaults{event: func(f Frame) []Frame {
			f.RSV = codec.RSV1
			return []Frame{f}
		}}, codec.Server, "12.3.6", Failed, "reserved bits"},
		{"sets RSV1 on a Ping", deflateFaults{event: func(f Frame) []Frame {
			return []Frame{Ping("").WithRSV(codec.RSV1), f}
		}}, codec.Server, "12.3.2", Failed, "reserved bits"},
		{"sets RSV2", deflateFaults{event: func(f Frame) []Frame {
			f.RSV |= codec.RSV2
			return []Frame{f}
		}}, codec.Server, "12.3.2", Failed, "reserved bits"},
		{"does not set RSV1", deflateFaults{event: func(f Frame) []Frame {
			f.RSV = 0
			return []Frame{f}
		}}, codec.Server, "12.3.2", Failed, "event 1 is binary"},
		{"sends the type of another message", deflateFaults{event: func(f Frame) []Frame {
			if f.Opcode == codec.OpText {
				f.Opcode = codec.OpBinary
			}
			return []Frame{f}
		}}, codec.Server, "12.1.2", Failed, "event 1 is binary"},
	} {
		t.Run(fmt.Sprintf("%v/%s/%s", tt.role, tt.fault, tt.id), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := DeflateCases(tt.id)[0]
				r := PlayDeflate(dialDeflate(tt.role, tt.f)(t), tt.role, c, Options{Messages: 5, Patience: time.Second})
				if r.Behavior != tt.behavior || r.Passed() != (tt.behavior == OK) || !strings.Contains(r.Explanation, tt.why) {
					t.Errorf("a %v that %s: got %s because of %q, want %s because of %q\n%s",
						tt.role, tt.fault, r.Behavior, r.Explanation, tt.behavior, tt.why, r)
				}
			})
		})
	}
}

func TestDeflateCasesAreComplete(t *testing.T) {
	for prefix, want := range map[string]int{"12": 90, "13": 126, "12.5": 18, "13.7": 18, "13.1.18": 1} {
		if got := len(DeflateCases(prefix)); got != want {
			t.Errorf("DeflateCases(%q) has %d cases, want %d", prefix, got, want)
		}
	}
	if got := len(DeflateCases()); got != 216 {
		t.Errorf("DeflateCases() has %d cases, want 216", got)
	}
	for _, tt := range []struct {
		id               string
		length, fragment int
		limit            time.Duration
		offers, wants    string
	}{
		{"12.1.1", 16, 0, 60 * time.Second, "permessage-deflate; client_no_context_takeover; client_max_window_bits", "permessage-deflate"},
		{"12.4.4", 1024, 0, 240 * time.Second, "permessage-deflate; client_no_context_takeover; client_max_window_bits", "permessage-deflate"},
		{"13.5.11", 8192, 256, 480 * time.Second,
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits",
			"permessage-deflate; client_no_context_takeover; client_max_window_bits=9"},
		{"13.7.18", 131072, 32768, 480 * time.Second,
			"permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits, " +
				"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits, " +
				"permessage-deflate; client_no_context_takeover; client_max_window_bits",
			"permessage-deflate; client_no_context_takeover; client_max_window_bits=9, permessage-deflate; client_no_context_takeover, permessage-deflate"},
	} {
		c := DeflateCases(tt.id)[0]
		if c.Length != tt.length || c.Fragment != tt.fragment || c.Limit != tt.limit || deflateHeader(c.Offers) != tt.offers || deflateHeader(c.Wants) != tt.wants {
			t.Errorf("%s: %d, %d, %v, offers %s, wants %s\nwant %d, %d, %v, offers %s, wants %s", tt.id,
				c.Length, c.Fragment, c.Limit, deflateHeader(c.Offers), deflateHeader(c.Wants), tt.length, tt.fragment, tt.limit, tt.offers, tt.wants)
		}
	}
}

// TestPayloadKinds: the documents are what they say, and no two messages the same.
func TestPayloadKinds(t *testing.T) {
	for _, tt := range []struct {
		kind         PayloadKind
		least, most  float64 // of its length, in percent, what is left after compression
		widest, text bool    // it has code points of several bytes; it is sent as text
	}{
		{JSON, 10, 40, true, true},
		{Bitmap, 5, 30, false, false},
		{Prose, 5, 25, true, false},
		{HTML, 10, 40, true, true},
		{PDF, 90, 102, false, false},
	} {
		for _, length := range []int{16, 1024, 131072} {
			seen := map[string]bool{}
			for i := range 20 {
				p := tt.kind.Message(i, length)
				n := len(p)
				if tt.text {
					n = utf8.RuneCount(p)
				}
				if n != length || tt.text && !utf8.Valid(p) {
					t.Fatalf("%s.Message(%d, %d): length %d, valid UTF-8 %t", tt.kind, i, length, n, utf8.Valid(p))
				}
				seen[string(p)] = true
			}
			if length > 16 && len(seen) != 20 {
				t.Errorf("%s: %d different messages of length %d, want 20", tt.kind, len(seen), length)
			}
		}
		p := tt.kind.Message(0, 65536)
		left := 100 * float64(len(new(Deflater).Message(p))) / float64(len(p))
		if left < tt.least || left > tt.most {
			t.Errorf("%s is compressed to %.1f %%, want %v to %v", tt.kind, left, tt.least, tt.most)
		}
		if tt.widest && utf8.RuneCount(p) == len(p) {
			t.Errorf("%s is all ASCII", tt.kind)
		}
		if again := tt.kind.Message(0, 65536); !bytes.Equal(p, again) {
			t.Errorf("%s.Message(0, 65536) is not the same twice", tt.kind)
		}
	}
}

func TestParseDeflate(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  string // all of them as the header spells them; "" if that is an error
	}{
		{nil, ""},
		{[]string{"permessage-deflate"}, "permessage-deflate"},
		{[]string{"permessage-deflate;client_max_window_bits ;server_no_context_takeover"}, "permessage-deflate; server_no_context_takeover; client_max_window_bits"},
		{[]string{`permessage-deflate; server_max_window_bits="10"`}, "permessage-deflate; server_max_window_bits=10"},
		{[]string{"permessage-deflate; client_max_window_bits=8,permessage-deflate", "permessage-deflate; client_no_context_takeover"},
			"permessage-deflate; client_max_window_bits=8, permessage-deflate, permessage-deflate; client_no_context_takeover"},
		{[]string{"x-webkit-deflate-frame"}, ""},
		{[]string{"permessage-deflate; client_max_window_bits=16"}, ""},
		{[]string{"permessage-deflate; client_max_window_bits=7"}, ""},
		{[]string{"permessage-deflate; client_max_window_bits=09"}, ""},
		{[]string{"permessage-deflate; server_max_window_bits"}, ""},
		{[]string{"permessage-deflate; server_no_context_takeover=1"}, ""},
		{[]string{"permessage-deflate; client_no_context_takeover; client_no_context_takeover"}, ""},
		{[]string{"permessage-deflate; other"}, ""},
		{[]string{"permessage-deflate;"}, ""},
	} {
		got, err := ParseDeflate(tt.lines)
		if (err == nil) != (tt.want != "" || tt.lines == nil) || deflateHeader(got) != tt.want {
			t.Errorf("ParseDeflate(%q) = %s, %v; want %s", tt.lines, deflateHeader(got), err, tt.want)
		}
	}
}
