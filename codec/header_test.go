package codec

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

// wire returns the bytes that s writes in hexadecimal, with spaces anywhere.
func wire(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// testKey is the masking key of RFC 6455 §5.7.
var testKey = [4]byte{0x37, 0xFA, 0x21, 0x3D}

// A Header is compared, copied and used as a key.
var _ map[Header]struct{}

func TestHeaderIsSmall(t *testing.T) {
	if got := unsafe.Sizeof(Header{}); got != 16 {
		t.Errorf("a Header has %d bytes, want 16", got)
	}
}

var headers = []struct {
	name string
	wire string
	h    Header
}{
	{"empty text", "81 00", Header{Fin: true, Opcode: OpText}},
	{"empty text, masked", "81 80 37FA213D", Header{Fin: true, Opcode: OpText, Masked: true, Key: testKey}},
	{"masked with a key of zero", "81 80 00000000", Header{Fin: true, Opcode: OpText, Masked: true}},
	{"first fragment", "02 05", Header{Opcode: OpBinary, Length: 5}},
	{"last fragment", "80 05", Header{Fin: true, Length: 5}},
	{"close", "88 02", Header{Fin: true, Opcode: OpClose, Length: 2}},
	{"ping", "89 00", Header{Fin: true, Opcode: OpPing}},
	{"pong, masked", "8A 83 37FA213D", Header{Fin: true, Opcode: OpPong, Length: 3, Masked: true, Key: testKey}},
	{"RSV1", "C1 01", Header{Fin: true, RSV: RSV1, Opcode: OpText, Length: 1}},
	{"RSV2", "A1 01", Header{Fin: true, RSV: RSV2, Opcode: OpText, Length: 1}},
	{"RSV3", "91 01", Header{Fin: true, RSV: RSV3, Opcode: OpText, Length: 1}},
	{"everything set", "FF FF 7FFFFFFFFFFFFFFF FFFFFFFF",
		Header{Fin: true, RSV: 7, Opcode: 15, Length: 1<<63 - 1, Masked: true, Key: [4]byte{255, 255, 255, 255}}},
	{"length 1", "82 01", Header{Fin: true, Opcode: OpBinary, Length: 1}},
	{"length 125", "82 7D", Header{Fin: true, Opcode: OpBinary, Length: 125}},
	{"length 126", "82 7E 007E", Header{Fin: true, Opcode: OpBinary, Length: 126}},
	{"length 126, masked", "82 FE 007E 37FA213D", Header{Fin: true, Opcode: OpBinary, Length: 126, Masked: true, Key: testKey}},
	{"length 65535", "82 7E FFFF", Header{Fin: true, Opcode: OpBinary, Length: 65535}},
	{"length 65536", "82 7F 0000000000010000", Header{Fin: true, Opcode: OpBinary, Length: 65536}},
	{"length 65536, masked", "82 FF 0000000000010000 37FA213D",
		Header{Fin: true, Opcode: OpBinary, Length: 65536, Masked: true, Key: testKey}},
	{"length 2^31", "82 7F 0000000080000000", Header{Fin: true, Opcode: OpBinary, Length: 1 << 31}},
	{"length 2^32", "82 7F 0000000100000000", Header{Fin: true, Opcode: OpBinary, Length: 1 << 32}},
	{"length 2^63-1", "82 7F 7FFFFFFFFFFFFFFF", Header{Fin: true, Opcode: OpBinary, Length: 1<<63 - 1}},
}

func TestParseHeader(t *testing.T) {
	for _, tt := range headers {
		t.Run(tt.name, func(t *testing.T) {
			b := wire(tt.wire)
			wantParse(t, b, tt.h, len(b), nil)
			wantParse(t, append(b, 0x81, 0xFF, 0x00), tt.h, len(b), nil)
			for cut := range len(b) {
				wantParse(t, b[:cut], Header{}, 0, ErrShort)
			}
		})
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		wire  string // up to the byte that proves it
		want  error
		after string
	}{
		{"length 0 in two bytes", "81 7E 0000", ErrLengthNotMinimal, ""},
		{"length 125 in two bytes", "81 7E 007D", ErrLengthNotMinimal, ""},
		{"length 125 in two bytes, masked", "81 FE 007D", ErrLengthNotMinimal, "37FA213D"},
		{"length 0 in eight bytes", "81 7F 0000000000000000", ErrLengthNotMinimal, ""},
		{"length 126 in eight bytes", "81 7F 000000000000007E", ErrLengthNotMinimal, ""},
		{"length 65535 in eight bytes", "81 7F 000000000000FFFF", ErrLengthNotMinimal, ""},
		{"length 65535 in eight bytes, masked", "81 FF 000000000000FFFF", ErrLengthNotMinimal, "37FA213D"},
		{"length 2^63", "81 7F 8000000000000000", ErrLengthOverflow, ""},
		{"length 2^63 + 1", "81 7F 8000000000000001", ErrLengthOverflow, ""},
		{"length 2^64-1, masked", "81 FF FFFFFFFFFFFFFFFF", ErrLengthOverflow, "37FA213D"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := wire(tt.wire)
			for cut := range len(b) {
				wantParse(t, b[:cut], Header{}, 0, ErrShort)
			}
			wantParse(t, b, Header{}, 0, tt.want)
			wantParse(t, append(b, wire(tt.after)...), Header{}, 0, tt.want)
		})
	}
}

func wantParse(t *testing.T, b []byte, h Header, n int, err error) {
	t.Helper()
	gotHeader, gotSize, gotErr := ParseHeader(b)
	if gotHeader != h || gotSize != n || gotErr != err {
		t.Errorf("ParseHeader(% x) = %+v, %d, %v\nwant %+v, %d, %v", b, gotHeader, gotSize, gotErr, h, n, err)
	}
}

func TestAppendHeader(t *testing.T) {
	for _, tt := range headers {
		t.Run(tt.name, func(t *testing.T) {
			want := wire(tt.wire)
			if got := AppendHeader(nil, tt.h); !bytes.Equal(got, want) {
				t.Errorf("AppendHeader(nil, %+v) = % x, want % x", tt.h, got, want)
			}
			if got := SizeHeader(tt.h); got != len(want) {
				t.Errorf("SizeHeader(%+v) = %d, want %d", tt.h, got, len(want))
			}
			if got := AppendHeader([]byte("before"), tt.h); string(got) != "before"+string(want) {
				t.Errorf("AppendHeader(%q, %+v) = %q", "before", tt.h, got)
			}
			if len(want) > MaxHeaderSize {
				t.Errorf("a header of %d bytes, MaxHeaderSize is %d", len(want), MaxHeaderSize)
			}
		})
	}
}

func TestAppendHeaderCutsOffWhatIsAbove(t *testing.T) {
	for _, tt := range []struct {
		name string
		h    Header
		want string
	}{
		{"length 2^63", Header{Fin: true, Opcode: OpText, Length: 1 << 63}, "81 00"},
		{"length 2^63 + 126", Header{Fin: true, Opcode: OpText, Length: 1<<63 | 126}, "81 7E 007E"},
		{"RSV 8", Header{Fin: true, Opcode: OpText, RSV: 8}, "81 00"},
		{"opcode 16", Header{Fin: true, Opcode: 0x10}, "80 00"},
		{"a key without Masked", Header{Fin: true, Opcode: OpText, Key: testKey}, "81 00"},
	} {
		want := wire(tt.want)
		if got := AppendHeader(nil, tt.h); !bytes.Equal(got, want) {
			t.Errorf("%s: AppendHeader(nil, %+v) = % x, want % x", tt.name, tt.h, got, want)
		}
		if got := SizeHeader(tt.h); got != len(want) {
			t.Errorf("%s: SizeHeader(%+v) = %d, want %d", tt.name, tt.h, got, len(want))
		}
	}
}

// Every first byte, with every length that fits into the second.
func TestHeaderRoundTrip(t *testing.T) {
	for b0 := range 256 {
		for b1 := range 126 {
			for _, b := range [][]byte{
				{byte(b0), byte(b1)},
				{byte(b0), byte(b1) | 0x80, 1, 2, 3, 4},
			} {
				h, n, err := ParseHeader(b)
				if err != nil || n != len(b) {
					t.Fatalf("ParseHeader(% x) = %+v, %d, %v", b, h, n, err)
				}
				if got := AppendHeader(nil, h); !bytes.Equal(got, b) {
					t.Fatalf("AppendHeader(nil, ParseHeader(% x)) = % x", b, got)
				}
			}
		}
	}
}

func TestHeaderBits(t *testing.T) {
	for b0 := range 256 {
		bits := fmt.Sprintf("%08b", b0)
		h, _, err := ParseHeader([]byte{byte(b0), 0})
		if err != nil {
			t.Fatalf("ParseHeader(%02x 00): %v", b0, err)
		}
		fin := "0"
		if h.Fin {
			fin = "1"
		}
		if got := fmt.Sprintf("%s%03b%04b", fin, h.RSV, uint8(h.Opcode)); got != bits {
			t.Errorf("first byte %s was read as %s", bits, got)
		}
	}
}
