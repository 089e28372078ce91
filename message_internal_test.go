package websocket

import (
	"testing"

	"github.com/zerowire/websocket/codec"
)

// TestAssemblyGrowsWithWhatArrived adds bytes in portions of every kind: the
// room is never more than four times what has arrived, give or take a frame's
// header, and the least.
func TestAssemblyGrowsWithWhatArrived(t *testing.T) {
	const most = 2 << 20
	for _, portion := range []int{1, 7, 511, 512, 513, 4096, 10_000, 65_536, 1 << 20} {
		var a assembly
		arrived, end := 0, min(most, portion<<16)
		check := func(how string) {
			t.Helper()
			if got, want := cap(a.buf.B), max(firstRoom, 4*(arrived+codec.MaxHeaderSize)); got > want {
				t.Fatalf("%s in portions of %d: capacity %d after %d bytes, want at most %d", how, portion, got, arrived, want)
			}
		}
		for arrived < end {
			a.append(OpBinary, make([]byte, portion))
			arrived += portion
			check("append")
		}
		a.drop()

		arrived = min(portion, smallRead)
		a.append(OpBinary, make([]byte, arrived))
		for arrived < end {
			room := a.room(1 << 62)
			if len(room) == 0 {
				t.Fatalf("room() after %d bytes is empty", arrived)
			}
			n := min(len(room), portion)
			a.extend(n)
			arrived += n
			check("room")
		}
		a.drop()
	}
}
