package websocket

import "context"

// contextWatch wakes a read when its context ends. As long as reads come with
// the same context, one registration with it serves them all. Where each comes
// with its own, a registration each would allocate: then a goroutine of the
// connection's watches whichever is the last.
type contextWatch struct {
	ctx context.Context // of the read under way; guarded by wait.mu

	wake     func()          // what is called
	done     <-chan struct{} // of the context that is watched
	deadline instant         // of that context
	stop     func() bool     // ends its registration; nil if there is none
	changes  int             // how often another context came
	next     chan (<-chan struct{})
}

// manyContexts is how often the context has to change for the goroutine to pay.
const manyContexts = 4

// begin watches ctx from now on, and not the one before.
func (w *contextWatch) begin(ctx context.Context) {
	w.done, w.deadline = ctx.Done(), never
	if limit, ok := ctx.Deadline(); ok {
		w.deadline = instantOf(limit)
	}
	w.changes++
	switch {
	case w.next != nil:
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
	go watchContexts(w.next, w.wake)
}

// watchContexts calls wake when the last channel that came from next is closed,
// until next is.
func watchContexts(next <-chan (<-chan struct{}), wake func()) {
	var done <-chan struct{}
	for {
		select {
		case d, ok := <-next:
			if !ok {
				return
			}
			done = d
		case <-done:
			wake()
			done = nil
		}
	}
}

// end ends all watching. w may be nil.
func (w *contextWatch) end() {
	if w == nil {
		return
	}
	if w.stop != nil {
		w.stop()
	}
	if w.next != nil {
		close(w.next)
	}
	w.done, w.stop, w.next = nil, nil, nil
}
