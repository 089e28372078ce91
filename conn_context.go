package websocket

import (
	"context"

	"github.com/zerowire/websocket/internal/instant"
)

// contextWatch wakes a read when its context ends. As long as reads come with
// the same context, one registration with it serves them all. Where each comes
// with its own, a registration each would allocate: then a goroutine of the
// connection's watches the last one, until the connection ends. wait.mu guards all
// of it.
type contextWatch struct {
	ctx context.Context // of the read under way

	wake     func()          // what is called
	done     <-chan struct{} // of the context that is watched
	deadline instant.Instant // of that context
	stop     func() bool     // ends its registration; nil if there is none
	changes  int             // how often another context came
	next     chan (<-chan struct{})
	quit     chan struct{} // closed when the connection has ended
}

// manyContexts is how often the context has to change for the goroutine to pay.
const manyContexts = 4

// begin watches ctx from now on, and not the one before.
func (w *contextWatch) begin(ctx context.Context) {
	w.done, w.deadline = ctx.Done(), instant.Never
	if limit, ok := ctx.Deadline(); ok {
		w.deadline = instant.Of(limit)
	}
	w.changes++
	switch {
	case w.next != nil:
		select {
		case <-w.next: // the one before, if it was not taken: there is room now
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

// watchContexts calls wake when the last channel that came from next is closed,
// until quit is.
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
