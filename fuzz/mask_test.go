package fuzz

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzMask: Mask is the RFC's loop over the bytes, at every alignment and place in the
// key, however the payload is cut, and touches nothing else; AppendFrame, which masks
// from one place to another, masks like it.
func FuzzMask(f *testing.F) {
	for _, size := range []int{0, 1, 3, 4, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 255, 1000} {
		seed(f, wstest.BinaryPayload(size), binary.BigEndian.Uint32(wstest.RFCKey[:]), uint8(size), uint16(size/3))
	}
	seed(f, wstest.TextPayload(40), uint32(0), uint8(1), uint16(7))
	seed(f, wstest.TextPayload(40), uint32(1), uint8(2), uint16(8))
	f.Fuzz(func(t *testing.T, payload []byte, keyWord uint32, pos uint8, at uint16) {
		var key [4]byte
		binary.BigEndian.PutUint32(key[:], keyWord)
		want := bytes.Clone(payload)
		for i := range want {
			want[i] ^= key[(int(pos)+i)%4]
		}
		cut := min(int(at), len(payload))
		room := make([]byte, 2*len(canary)+len(payload))
		for _, alignment := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 24, 31} {
			arena := append(append(append(room[:0], canary[:alignment]...), payload...), canary...)
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
		for at := range min(len(payload), 8) {
			h := codec.Header{Fin: true, Opcode: codec.OpBinary, Masked: true, Key: [4]byte{key[(int(pos)+at)%4], key[(int(pos)+at+1)%4], key[(int(pos)+at+2)%4], key[(int(pos)+at+3)%4]}}
			frame := codec.AppendFrame(room[:0], h, payload[at:])
			if got := frame[len(frame)-len(payload)+at:]; !bytes.Equal(got, want[at:]) {
				t.Fatalf("AppendFrame masks % x with % x as % x\nwant % x", payload[at:], h.Key, got, want[at:])
			}
		}
	})
}

// canary stands beside what is masked: as many bytes as the widest step has.
const canary = "canaries canaries canaries cana!"
