package bench

import (
	"fmt"
	"testing"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// size names a number of bytes as benchstat shows it.
func size(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%dMiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dB", n)
}

// byPeer runs f for each WebSocket peer, with a server of its own.
func byPeer(b *testing.B, f func(b *testing.B, ln listener)) {
	for _, p := range peers.All {
		if p.Raw || p.Casts {
			continue
		}
		b.Run("peer="+p.Name, func(b *testing.B) {
			ln := make(listener)
			p.Serve(ln, peers.Settings{})
			f(b, ln)
		})
	}
}

// play lets a server echo input once per iteration, and returns the script. The
// server's goroutine asks b.Loop whether to go on.
func play(b *testing.B, ln listener, input []byte) (c *script, iterations int) {
	c = newScript(input, func() bool {
		if !b.Loop() {
			return false
		}
		iterations++
		return true
	})
	ln <- c
	<-c.closed
	return c, iterations
}

// check fails b unless as many bytes came back as messages of that size need,
// with one header each, or one for every 4 KiB from those who send fragments,
// and at the end perhaps a Close frame. Their bytes are the tests' of package
// peers to check.
func check(b *testing.B, c *script, messages, size int) {
	least := messages * (size + 2)
	most := messages*(size+10*(1+size>>12)) + 127
	if c.written < least || c.written > most {
		b.Errorf("%d bytes came back for %d messages, want %d to %d", c.written, messages, least, most)
	}
}

// BenchmarkEcho is the whole way of one message through a connection in memory,
// and back.
func BenchmarkEcho(b *testing.B) {
	for _, n := range []int{125, 4 << 10, 64 << 10, 1 << 20} {
		b.Run("size="+size(n), func(b *testing.B) {
			input := load.NewBatch(load.ASCII, n, 1, 1).Out
			byPeer(b, func(b *testing.B, ln listener) {
				b.ReportAllocs()
				b.SetBytes(int64(n))
				c, messages := play(b, ln, input)
				check(b, c, messages, n)
				b.ReportMetric(float64(c.writes)/float64(messages), "writes/msg")
			})
		})
	}
}

// BenchmarkPipelined is a batch of messages that one read brings.
func BenchmarkPipelined(b *testing.B) {
	const depth, n = 16, 125
	input := load.NewBatch(load.ASCII, n, depth, 1).Out
	byPeer(b, func(b *testing.B, ln listener) {
		b.ReportAllocs()
		b.SetBytes(depth * n)
		c, iterations := play(b, ln, input)
		messages := iterations * depth
		check(b, c, messages, n)
		b.ReportMetric(float64(c.writes)/float64(messages), "writes/msg")
	})
}
