package codec

import (
	"bytes"
	"fmt"
	"testing"
)

// maskers are the implementations of mask that this build contains.
var maskers = []struct {
	name string
	mask func(b []byte, key uint32)
}{
	{"generic", maskGeneric},
	{"chosen", mask},
}

// maskByBytes is RFC 6455 §5.3 word by word.
func maskByBytes(b []byte, key [4]byte, pos int) {
	for i := range b {
		b[i] ^= key[(pos+i)%4]
	}
}

// Every implementation, length, alignment and place in the key; the bytes around
// the payload must stay.
func TestMaskImplementations(t *testing.T) {
	const (
		longest = 1024
		room    = 64
	)
	payload := make([]byte, longest)
	for i := range payload {
		payload[i] = byte(i*7 + i>>8)
	}
	canaries := bytes.Repeat([]byte{0xC5}, room+longest+room)
	arena := make([]byte, len(canaries))
	want := make([]byte, len(arena))
	for _, m := range maskers {
		t.Run(m.name, func(t *testing.T) {
			for length := range longest + 1 {
				for pos := range 4 {
					masked := bytes.Clone(payload[:length])
					maskByBytes(masked, testKey, pos)
					for alignment := range 16 {
						begin := room/2 + alignment
						copy(arena, canaries)
						copy(arena[begin:], payload[:length])
						copy(want, canaries)
						copy(want[begin:], masked)
						m.mask(arena[begin:begin+length], rotate(testKey, pos))
						if !bytes.Equal(arena, want) {
							t.Fatalf("length %d, alignment %d, place %d:\n got % x\nwant % x", length, alignment, pos, arena, want)
						}
					}
				}
			}
		})
	}
}

func TestMask(t *testing.T) {
	for _, tt := range []struct {
		name string
		key  [4]byte
		pos  int
		in   string
		want string
		next int
	}{
		{"RFC 6455 §5.7, Hello", testKey, 0, "48 65 6C 6C 6F", "7F 9F 4D 51 58", 5},
		{"and back", testKey, 0, "7F 9F 4D 51 58", "48 65 6C 6C 6F", 5},
		{"from the second octet on", testKey, 1, "65 6C 6C 6F", "9F 4D 51 58", 5},
		{"from the fifth octet on", testKey, 4, "6F", "58", 5},
		{"far into a payload", testKey, 1 << 30, "48 65", "7F 9F", 1<<30 + 2},
		{"nothing", testKey, 3, "", "", 3},
		{"a key of zero", [4]byte{}, 2, "48 65 6C", "48 65 6C", 5},
		{"a key that begins with zero", [4]byte{0, 0, 0, 1}, 0, "48 65 6C 6C 6F", "48 65 6C 6D 6F", 5},
	} {
		b := wire(tt.in)
		next := Mask(b, tt.key, tt.pos)
		if want := wire(tt.want); !bytes.Equal(b, want) || next != tt.next {
			t.Errorf("%s: Mask(% x, % x, %d) = % x, %d\nwant % x, %d", tt.name, wire(tt.in), tt.key, tt.pos, b, next, want, tt.next)
		}
	}
}

func TestMaskPieceByPiece(t *testing.T) {
	payload := bytes.Repeat([]byte("zero allocations, "), 20)
	want := bytes.Clone(payload)
	maskByBytes(want, testKey, 0)
	for piece := 1; piece <= 70; piece++ {
		t.Run(fmt.Sprintf("%d bytes", piece), func(t *testing.T) {
			got, pos := bytes.Clone(payload), 0
			for begin := 0; begin < len(got); begin += piece {
				pos = Mask(got[begin:min(begin+piece, len(got))], testKey, pos)
			}
			if !bytes.Equal(got, want) || pos != len(got) {
				t.Errorf("in pieces Mask gives % x, %d\nwant % x, %d", got, pos, want, len(want))
			}
		})
	}
}
