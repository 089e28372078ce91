package fuzz

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzMask: Mask is the RFC's loop over the bytes, at every place in the key,
// however the payload is cut, and touches nothing else.
func FuzzMask(f *testing.F) {
	for _, size := range []int{0, 1, 3, 4, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 255, 1000} {
		f.Add(wstest.BinaryPayload(size), binary.BigEndian.Uint32(wstest.RFCKey[:]), uint8(size), uint16(size/3))
	}
	f.Add(wstest.TextPayload(40), uint32(0), uint8(1), uint16(7))
	f.Add(wstest.TextPayload(40), uint32(1), uint8(2), uint16(8))
	f.Fuzz(func(t *testing.T, payload []byte, keyWord uint32, pos uint8, at uint16) {
		var key [4]byte
		binary.BigEndian.PutUint32(key[:], keyWord)
		want := bytes.Clone(payload)
		for i := range want {
			want[i] ^= key[(int(pos)+i)%4]
		}
		const canary = "canaries"
		cut := min(int(at), len(payload))
		for alignment := range len(canary) {
			arena := append([]byte(canary[:alignment]), payload...)
			arena = append(arena, canary...)
			got := arena[alignment : alignment+len(payload)]

			next := codec.Mask(got[:cut], key, int(pos))
			next = codec.Mask(got[cut:], key, next)
			if !bytes.Equal(got, want) || next != int(pos)+len(payload) {
				t.Fatalf("Mask(% x, % x, %d), cut at %d, alignment %d = % x, %d\nwant % x", payload, key, pos, cut, alignment, got, next, want)
			}
			if string(arena[:alignment]) != canary[:alignment] || string(arena[alignment+len(payload):]) != canary {
				t.Fatalf("Mask of %d bytes, alignment %d, wrote beside them: % x", len(payload), alignment, arena)
			}
			codec.Mask(got, key, int(pos))
			if !bytes.Equal(got, payload) {
				t.Fatalf("Mask twice of % x gives % x", payload, got)
			}
		}
	})
}
