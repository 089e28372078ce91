package session

import (
	"fmt"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// TestAssemblyGrowsWithWhatArrived adds bytes in portions of every kind: the room is
// never more than four times what has arrived, nor more than the limit; and while a
// buffer is replaced the two are no more than the limit and a quarter of it.
func TestAssemblyGrowsWithWhatArrived(t *testing.T) {
	for _, most := range []int{0, 1 << 10, 1 << 20, 2 << 20} {
		for _, portion := range []int{1, 7, 511, 512, 513, 4096, 10_000, 65_536, 1 << 20} {
			t.Run(fmt.Sprintf("limit %d, portions of %d", most, portion), func(t *testing.T) {
				end := min(2<<20, portion<<16)
				if most > 0 {
					end = min(end, most)
				}
				a := assembly{}
				arrived, before := 0, 0
				check := func(how string) {
					t.Helper()
					got := cap(a.buf.B)
					if want := max(pool.MinSize, 4*(arrived+1)); got > want {
						t.Fatalf("%s: capacity %d after %d bytes, want at most %d", how, got, arrived, want)
					}
					if want := max(most, pool.MinSize); most > 0 && (got > want || got > before && got+before > want+max(want/4, pool.MinSize)) {
						t.Fatalf("%s: capacity %d after %d with %d bytes, the limit is %d", how, got, before, arrived, most)
					}
					before = got
				}
				for arrived < end {
					n := min(portion, end-arrived)
					a.append(codec.OpBinary, make([]byte, n), uint64(most))
					arrived += n
					check("append")
				}
				a.drop()

				before, arrived = 0, min(portion, directFrom, end)
				a.append(codec.OpBinary, make([]byte, arrived), uint64(most))
				for arrived < end {
					room := a.room(uint64(end-arrived), uint64(most))
					if len(room) == 0 {
						t.Fatalf("room() after %d bytes is empty", arrived)
					}
					check("room")
					n := min(len(room), portion)
					a.extend(n)
					arrived += n
				}
				a.drop()
			})
		}
	}
}
