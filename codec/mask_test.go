package codec

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

// maskByBytes is RFC 6455 §5.3 word by word.
func maskByBytes(b []byte, key [4]byte, pos int) {
	for i := range b {
		b[i] ^= key[(pos+i)%4]
	}
}

// Every implementation, length, place in the key and alignment, in place and from
// elsewhere; the bytes around the payload must stay, and so must the source.
func TestMaskImplementations(t *testing.T) {
	const (
		longest    = 1024
		room       = 32 // bytes on either side that must stay
		alignments = 32
	)
	payload := make([]byte, longest)
	for i := range payload {
		payload[i] = byte(i*7 + i>>8)
	}
	var sources [alignments][]byte
	for alignment := range sources {
		sources[alignment] = alignedRoom(alignment + longest)[alignment:]
		copy(sources[alignment], payload)
	}
	canaries := bytes.Repeat([]byte{0xC5}, room)
	arena := alignedRoom(room + alignments + longest + room)
	runEachSet(t, func(t *testing.T) {
		for pos := range 4 {
			want := bytes.Clone(payload)
			maskByBytes(want, testKey, pos)
			for length := range longest + 1 {
				for alignment := range alignments {
					begin, end := room+alignment, room+alignment+length
					before, dst, behind := arena[begin-room:begin], arena[begin:end], arena[end:end+room]
					copy(before, canaries)
					copy(behind, canaries)
					copy(dst, payload)
					for _, src := range [][]byte{
						dst,
						sources[alignment][:length],
						sources[(alignment*7+length)%alignments][:length],
					} {
						mask(dst, src, rotate(testKey, pos))
						if !bytes.Equal(dst, want[:length]) {
							t.Fatalf("length %d, alignment %d, place %d:\n got % x\nwant % x", length, alignment, pos, dst, want[:length])
						}
						if !bytes.Equal(before, canaries) || !bytes.Equal(behind, canaries) {
							t.Fatalf("length %d, alignment %d, place %d: beside the payload is now % x and % x", length, alignment, pos, before, behind)
						}
						clear(dst)
					}
				}
			}
		}
		for alignment, source := range sources {
			if !bytes.Equal(source, payload) {
				t.Errorf("mask changed what it was to copy from, at alignment %d", alignment)
			}
		}
	})
}

// alignedRoom returns n bytes that begin where a block of 32 does.
func alignedRoom(n int) []byte {
	b := make([]byte, n+31)
	for i := range b {
		if uintptr(unsafe.Pointer(&b[i]))%32 == 0 {
			return b[i : i+n]
		}
	}
	panic("no address is a multiple of 32")
}

// One octet that is no ASCII is seen at every place, and none where there is none.
func TestMaskSeesASCII(t *testing.T) {
	const longest = 300
	room := make([]byte, longest+1)
	runEachSet(t, func(t *testing.T) {
		for length := range longest + 1 {
			b := room[1 : 1+length]
			ascii := func(at int) bool {
				for i := range b {
					b[i] = byte(i) & 0x7F
				}
				if at >= 0 {
					b[at] |= 0x80
				}
				maskByBytes(b, testKey, 3)
				return mask(b, b, rotate(testKey, 3))
			}
			if !ascii(-1) {
				t.Errorf("mask of %d octets of ASCII = false", length)
			}
			for at := range length {
				if ascii(at) {
					t.Errorf("mask of %d octets, with one above ASCII at %d, = true", length, at)
				}
			}
		}
	})
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
