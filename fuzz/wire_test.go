package fuzz

import (
	"net"
	"sync"
	"time"

	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
)

// wire is the TCP connection under a Conn that is fuzzed: it brings what the peer
// sends, cut as the fuzzer says, and keeps what the Conn sends. Nothing of it waits,
// so that a Conn which reads on one goroutine stays on it. Behind its end the peer
// closes its side, or says nothing more.
type wire struct {
	*pipe.Conn // what the Conn finds behind the end of in, and its deadlines

	mu     sync.Mutex
	in     []byte
	sizes  []int
	turn   int
	sent   []byte
	closed bool // nothing more is brought
	ended  bool // nothing more can be sent

	brought chan struct{}  // closed when nothing more comes
	slow    time.Duration  // how long a Write takes
	asked   func(b []byte) // is told what is sent, and may change in
}

// newWire returns a wire that brings in, in pieces of the sizes given; if there is a
// pause, a piece at a time, with a pause behind each.
func newWire(in []byte, stays bool, pause time.Duration, sizes ...int) *wire {
	near, far := pipe.New()
	w := &wire{Conn: near, in: in, sizes: sizes, brought: make(chan struct{})}
	if pause == 0 {
		if close(w.brought); !stays {
			far.CloseWrite()
		}
		return w
	}
	w.in = nil
	go func() {
		defer close(w.brought)
		for piece := range wstest.Pieces(in, sizes...) {
			if _, err := far.Write(piece); err != nil {
				return
			}
			time.Sleep(pause)
		}
		if !stays {
			far.CloseWrite()
		}
	}()
	return w
}

// wait waits until nothing more comes.
func (w *wire) wait() { <-w.brought }

func (w *wire) Read(b []byte) (int, error) {
	w.mu.Lock()
	if len(w.in) == 0 || w.closed {
		w.mu.Unlock()
		return w.Conn.Read(b)
	}
	defer w.mu.Unlock()
	size := w.sizes[w.turn%len(w.sizes)]
	w.turn++
	n := copy(b[:min(size, len(b))], w.in)
	w.in = w.in[n:]
	return n, nil
}

func (w *wire) Write(b []byte) (int, error) {
	if w.slow > 0 {
		time.Sleep(w.slow)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return 0, net.ErrClosed
	}
	w.sent = append(w.sent, b...)
	if w.asked != nil {
		w.asked(b)
	}
	return len(b), nil
}

// Close ends the connection.
func (w *wire) Close() error {
	w.mu.Lock()
	w.closed, w.ended = true, true
	w.mu.Unlock()
	return w.Conn.Close()
}

// CloseWrite ends what is sent; the rest of what the peer sends still comes.
func (w *wire) CloseWrite() error {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	return w.Conn.CloseWrite()
}
