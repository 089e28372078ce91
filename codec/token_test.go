package codec

import (
	"strings"
	"testing"
)

func TestIsToken(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~" + "0123456789" + "abcdefghijklmnopqrstuvwxyz" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		s := string([]byte{'a', byte(c)})
		if got, want := IsToken(s), strings.IndexByte(tchar, byte(c)) >= 0; got != want {
			t.Errorf("IsToken(%q) = %t, want %t", s, got, want)
		}
	}
	if IsToken("") {
		t.Error("IsToken of nothing = true, want false")
	}
}

func TestHasToken(t *testing.T) {
	for _, tc := range []struct {
		list string
		want bool
	}{
		{"", false},
		{",", false},
		{"upgrade", true},
		{"UPGRADE", true},
		{" \tUpgrade\t ", true},
		{"keep-alive, Upgrade", true},
		{"a,b,upgrade,c", true},
		{"upgrade,", true},
		{"xupgrade", false},
		{"upgradex", false},
		{"up grade", false},
		{"keep-alive upgrade", false},
		{"upgrade;q=1", false},
		{"\"upgrade\"", false},
		{"\x55\x50\x47\x52\x41\x44\x45", true},
		{"\x15pgrade", false},
	} {
		if got := HasToken(tc.list, "upgrade"); got != tc.want {
			t.Errorf("HasToken(%q, upgrade) = %t, want %t", tc.list, got, tc.want)
		}
		if got := HasToken([]byte(tc.list), "upgrade"); got != tc.want {
			t.Errorf("HasToken([]byte(%q), upgrade) = %t, want %t", tc.list, got, tc.want)
		}
	}
}

// skipToken and skipValue agree with the character class for every byte at every
// position of every length.
func TestSkip(t *testing.T) {
	for _, tc := range []struct {
		name  string
		skip  func(b []byte, i int) int
		class uint8
		fills string // bytes of the class
	}{
		{"skipToken", skipToken, tokenChar, "azAZ-09~"},
		{"skipValue", skipValue, valueChar, "x\x80\t\xFF"},
	} {
		for length := range 26 {
			for at := range length {
				for c := range 256 {
					for _, fill := range []byte(tc.fills) {
						b := []byte(strings.Repeat(string([]byte{fill}), length))
						b[at] = byte(c)
						want := length
						if class[c]&tc.class == 0 {
							want = at
						}
						for _, from := range []int{0, at} {
							if got := tc.skip(b, from); got != want {
								t.Fatalf("%s(%q, %d) = %d, want %d", tc.name, b, from, got, want)
							}
						}
					}
				}
			}
		}
	}
}

// fieldOf finds each name in every mixture of cases and nothing beside it: no
// other byte of a token may take the place of one of its own.
func TestFieldOf(t *testing.T) {
	for f, name := range map[field]string{
		fieldHost: "Host", fieldOrigin: "Origin", fieldUpgrade: "Upgrade", fieldConnection: "Connection",
		fieldContentLength: "Content-Length", fieldTransferEncoding: "Transfer-Encoding", fieldKey: "Sec-WebSocket-Key",
		fieldAccept: "Sec-WebSocket-Accept", fieldVersion: "Sec-WebSocket-Version", fieldProtocol: "Sec-WebSocket-Protocol",
		fieldExtensions: "Sec-WebSocket-Extensions",
	} {
		for _, s := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if got := fieldOf([]byte(s)); got != f {
				t.Errorf("fieldOf(%q) = %d, want %d", s, got, f)
			}
		}
		for i := range len(name) {
			for c := range 256 {
				if class[c]&tokenChar == 0 {
					continue
				}
				s := []byte(name)
				s[i] = byte(c)
				want := fieldOther
				if strings.EqualFold(string(s), name) {
					want = f
				}
				if got := fieldOf(s); got != want {
					t.Errorf("fieldOf(%q) = %d, want %d", s, got, want)
				}
			}
		}
		if got := fieldOf([]byte(name + "s")); got != fieldOther {
			t.Errorf("fieldOf(%q) = %d, want %d", name+"s", got, fieldOther)
		}
	}
}
