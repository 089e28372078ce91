package deflate

import (
	"fmt"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise05BombHoldsLimitAndAQuarter inflates 1 GiB of zeros with limits up to 16 MiB:
// it is refused at the limit, and the buffer and the one that it replaces are never more
// than the limit, a quarter of it, and 64 KiB for the window and the tables.
func TestPromise05BombHoldsLimitAndAQuarter(t *testing.T) {
	bomb := wstest.Bomb(1 << 30)
	for _, limit := range []int{1 << 10, 64 << 10, 1 << 20, 16 << 20} {
		for _, window := range []int{0, 100, maxWindow} {
			for _, piece := range []int{1, 16 << 10} {
				t.Run(fmt.Sprintf("limit %d, window of %d, pieces of %d", limit, window, piece), func(t *testing.T) {
					d := Decompressor{Takeover: true, MaxMessage: uint64(limit)}
					defer d.Reset()
					if window > 0 {
						d.window.set(make([]byte, window))
					}
					var err error
					before, most := 0, 0
					for p := range wstest.Pieces(bomb, piece) {
						if _, err = d.Write(p, false); err != nil {
							break
						}
						if now := cap(d.out.B); now != before {
							before, most = now, max(most, before+now)
						}
					}
					if left := limit - int(d.size); err != codec.ErrMessageTooBig || left < 0 || left >= maxLength {
						t.Errorf("Write ends with %v %d bytes before the limit, want ErrMessageTooBig where the next match exceeds it", err, left)
					}
					if now := cap(d.out.B); now != before {
						most = max(most, before+now)
					}
					if want := limit + limit/4 + 64<<10; most > want {
						t.Errorf("the buffers are %d bytes at once, want at most %d", most, want)
					}
				})
			}
		}
	}
}
