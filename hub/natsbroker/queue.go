package natsbroker

import "sync"

// queue is a first-in first-out queue that is bounded by the size of what is in
// it. It is safe for concurrent use by many that put and one that takes.
type queue[T any] struct {
	limit int
	mu    sync.Mutex
	ready sync.Cond
	count int // of what is queued, and of what was taken and not yet released
	size  int // of the same
	items []T
	spare []T // for the next items: take swaps the two
	ended bool
}

func newQueue[T any](limit int) *queue[T] {
	q := &queue[T]{limit: limit}
	q.ready.L = &q.mu
	return q
}

// put appends item, and reports false, and does nothing, if it would exceed the
// limit; an item of size 0 and one for an empty queue never do.
func (q *queue[T]) put(item T, size int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended || size > 0 && q.size > 0 && q.size+size > q.limit {
		return false
	}
	q.count++
	q.size += size
	q.items = append(q.items, item)
	q.ready.Signal()
	return true
}

// take waits for items and returns all of them, valid until the next take; and
// false when the queue was ended and is empty.
func (q *queue[T]) take() ([]T, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.ended {
		q.ready.Wait()
	}
	taken := q.items
	clear(q.spare)
	q.items, q.spare = q.spare[:0], taken
	return taken, len(taken) > 0
}

// release is told of each taken item, when it is done with, and gives its room
// back.
func (q *queue[T]) release(size int) {
	q.mu.Lock()
	q.count--
	q.size -= size
	q.mu.Unlock()
}

// len returns how many items are queued or not yet released.
func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// end lets take return false once all was taken, and put refuse.
func (q *queue[T]) end() {
	q.mu.Lock()
	q.ended = true
	q.ready.Signal()
	q.mu.Unlock()
}
