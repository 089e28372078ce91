package websocket

import (
	"context"

	"github.com/zerowire/websocket/internal/instant"
)

// contextWatch wakes a read when its context ends. Reads with the same context share
// one registration (context.AfterFunc). If contexts change often, a registration for
// each would allocate. Then one goroutine watches the current context until the
// connection ends. wait.mu guards all fields.
type contextWatch struct {
	ctx context.Context // of the current read; nil between reads

	wake     func()          // is called when the watched context has ended
	done     <-chan struct{} // of the watched context
	deadline instant.Instant // of the watched context
	stop     func() bool     // ends its registration; nil if there is none
	changes  int             // how often the watched context has changed
	next     chan (<-chan struct{})
	quit     chan struct{} // closed when the connection has ended
}

// manyContexts is the number of changes at which a goroutine replaces registrations.
const manyContexts = 4

// begin watches ctx instead of the previous context.
func (w *contextWatch) begin(ctx context.Context) {
	w.done, w.deadline = ctx.Done(), instant.Never
	if limit, ok := ctx.Deadline(); ok {
		w.deadline = instant.Of(limit)
	}
	w.changes++
	switch {
	case w.next != nil:
		select {
		case <-w.next: // makes room if the goroutine has not received the previous context
		default:
		}
		w.next <- w.done
		return
	case w.stop != nil:
		w.stop()
	}
	if w.changes < manyContexts {
		w.stop = context.AfterFunc(ctx, w.wake)
		return
	}
	w.stop = nil
	w.next = make(chan (<-chan struct{}), 1)
	w.next <- w.done
	go watchContexts(w.next, w.quit, w.wake)
}

// watchContexts calls wake when the last channel that it received from next is closed.
// It returns when quit is closed.
func watchContexts(next <-chan (<-chan struct{}), quit <-chan struct{}, wake func()) {
	var done <-chan struct{}
	for {
		select {
		case done = <-next:
		case <-done:
			wake()
			done = nil
		case <-quit:
			return
		}
	}
}
