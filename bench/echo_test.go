package bench

import (
	"testing"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// Every peer plays the benchmarks' script to its end: it answers each message
// and closes the connection.
func TestScript(t *testing.T) {
	const depth, size, reads = 16, 125, 3
	input := load.NewBatch(load.ASCII, size, depth, 1).Out
	for _, p := range peers.All {
		if p.Raw || p.Casts {
			continue
		}
		ln := make(listener)
		p.Serve(ln, peers.Settings{})
		left := reads
		c := newScript(input, func() bool {
			left--
			return left >= 0
		})
		ln <- c
		<-c.closed
		want := reads * depth * (2 + size)
		if c.written < want || c.written > want+127 {
			t.Errorf("%s: %d bytes came back, want %d, and perhaps a Close frame", p.Name, c.written, want)
		}
	}
}
