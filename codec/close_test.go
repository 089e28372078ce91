package codec

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseClose(t *testing.T) {
	long := strings.Repeat("61", MaxCloseReason)
	for _, tt := range []struct {
		name   string
		wire   string
		code   StatusCode
		reason string
		err    error
	}{
		{"empty", "", StatusNoStatusReceived, "", nil},
		{"one byte", "03", 0, "", ErrCloseTruncated},
		{"code alone", "03E8", StatusNormalClosure, "", nil},
		{"code and reason", "03E9 62796521", StatusGoingAway, "bye!", nil},
		{"the longest reason", "03E8" + long, StatusNormalClosure, strings.Repeat("a", MaxCloseReason), nil},
		{"too long a reason", "03E8" + long + "61", 0, "", ErrControlTooLong},
		{"too long and a code that must not be sent", "0000" + long + "61", 0, "", ErrControlTooLong},
		{"code 1005", "03ED", 0, "", ErrCloseStatus},
		{"code 65535 with a reason", "FFFF 61", 0, "", ErrCloseStatus},
		{"code 5000 with a reason that is not UTF-8", "1388 FF", 0, "", ErrCloseStatus},
		{"a reason that is not UTF-8", "03E8 61 FF", 0, "", ErrCloseReason},
		{"a reason cut inside a code point", "03E8 E282", 0, "", ErrCloseReason},
		{"a surrogate in the reason", "03E8 EDA080", 0, "", ErrCloseReason},
		{"a reason in Greek", "0BB8 CEBA CF8C", 3000, "κό", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := wire(tt.wire)
			code, reason, err := ParseClose(p)
			if code != tt.code || string(reason) != tt.reason || err != tt.err {
				t.Errorf("ParseClose(% x) = %d, %q, %v, want %d, %q, %v", p, code, reason, err, tt.code, tt.reason, tt.err)
			}
		})
	}
}

func TestParseCloseReasonIsPartOfItsInput(t *testing.T) {
	p := []byte("\x03\xE8bye")
	_, reason, err := ParseClose(p)
	if err != nil || &reason[0] != &p[2] || len(reason) != 3 {
		t.Errorf("ParseClose(%q): the reason %q, %v is not p[2:]", p, reason, err)
	}
}

func TestParseCloseEveryCode(t *testing.T) {
	for i := range 1 << 16 {
		p := []byte{byte(i >> 8), byte(i), 'x'}
		code, reason, err := ParseClose(p)
		if StatusCode(i).Sendable() {
			if int(code) != i || string(reason) != "x" || err != nil {
				t.Errorf("ParseClose(% x) = %d, %q, %v, want %d", p, code, reason, err, i)
			}
		} else if err != ErrCloseStatus {
			t.Errorf("ParseClose(% x) = %d, %q, %v, want %v", p, code, reason, err, ErrCloseStatus)
		}
	}
}

func TestAppendClose(t *testing.T) {
	long := strings.Repeat("a", MaxCloseReason-1)
	for _, tt := range []struct {
		name   string
		code   StatusCode
		reason string
		want   string
		err    error
	}{
		{"no status", StatusNoStatusReceived, "", "", nil},
		{"no status, but a reason", StatusNoStatusReceived, "bye", "", ErrCloseStatus},
		{"code alone", StatusNormalClosure, "", "\x03\xE8", nil},
		{"code and reason", StatusGoingAway, "bye", "\x03\xE9bye", nil},
		{"a code that must not be sent", StatusAbnormalClosure, "", "", ErrCloseStatus},
		{"code 0", 0, "", "", ErrCloseStatus},
		{"a reason that is not UTF-8", StatusNormalClosure, "a\xFF", "", ErrCloseReason},
		{"a long reason, not UTF-8 where it would be cut off", StatusNormalClosure, long + "aa\xFF", "", ErrCloseReason},
		{"the longest reason", StatusNormalClosure, long + "b", "\x03\xE8" + long + "b", nil},
		{"one byte too long", StatusNormalClosure, long + "bc", "\x03\xE8" + long + "b", nil},
		{"two bytes at the limit", StatusNormalClosure, long + "é", "\x03\xE8" + long, nil},
		{"three bytes at the limit", StatusNormalClosure, long[1:] + "€", "\x03\xE8" + long[1:], nil},
		{"three bytes up to the limit", StatusNormalClosure, long[2:] + "€", "\x03\xE8" + long[2:] + "€", nil},
		{"four bytes at the limit", StatusNormalClosure, long[2:] + "😀", "\x03\xE8" + long[2:], nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := AppendClose([]byte("dst"), tt.code, tt.reason)
			if string(got) != "dst"+tt.want || err != tt.err {
				t.Errorf("AppendClose(%q, %d, %q) = %q, %v\nwant %q, %v", "dst", tt.code, tt.reason, got, err, "dst"+tt.want, tt.err)
			}
			if err != nil {
				return
			}
			if got := SizeClose(tt.code, tt.reason); got != len(tt.want) {
				t.Errorf("SizeClose(%d, %q) = %d, want %d", tt.code, tt.reason, got, len(tt.want))
			}
			if code, _, err := ParseClose(got[3:]); code != tt.code || err != nil {
				t.Errorf("ParseClose(%q) = %d, %v, want %d", got[3:], code, err, tt.code)
			}
		})
	}
}

// However the bytes of the code points fall, the cut is between two of them and
// loses no more than one.
func TestAppendCloseCutsBetweenCodePoints(t *testing.T) {
	for _, code := range []string{"a", "é", "€", "😀"} {
		for before := range 8 {
			reason := strings.Repeat("-", before) + strings.Repeat(code, MaxCloseReason)
			got, err := AppendClose(nil, StatusNormalClosure, reason)
			if err != nil {
				t.Fatalf("AppendClose(nil, 1000, %q): %v", reason, err)
			}
			cut := got[2:]
			if !utf8.Valid(cut) || !bytes.HasPrefix([]byte(reason), cut) || len(cut) > MaxCloseReason || len(cut)+len(code) <= MaxCloseReason {
				t.Errorf("AppendClose cuts %q to %q, of %d bytes", reason, cut, len(cut))
			}
		}
	}
}
