package trace

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

// TestNoAllocations holds what a relay runs for every frame to no allocation.
func TestNoAllocations(t *testing.T) {
	input := append(frame(codec.Client, codec.OpText, "FIN", "Hello, wire"), frame(codec.Client, codec.OpBinary, "FIN", string(zeros[:20000]))...)
	t.Run("Scanner", func(t *testing.T) {
		var s Scanner
		if n := testing.AllocsPerRun(100, func() {
			for p := input; ; {
				_, rest, ok, err := s.Next(p)
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					return
				}
				p = rest
			}
		}); n != 0 {
			t.Errorf("Scanner.Next: %v allocations for two frames, want 0", n)
		}
	})
	t.Run("Session", func(t *testing.T) {
		frames := 0
		s := NewSession(false, 0, func(Event) { frames++ })
		if n := testing.AllocsPerRun(100, func() { s.Write(codec.Client, time.Time{}, input) }); n != 0 {
			t.Errorf("Session.Write: %v allocations for two frames, want 0", n)
		}
		if frames != 2*101 { // AllocsPerRun runs once more, to warm up
			t.Errorf("%d events, want %d", frames, 2*101)
		}
	})
}
