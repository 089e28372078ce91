package natsbroker

import "sync"

// queue is a first-in first-out queue, bounded by the total size of its items. Several
// goroutines may put items concurrently, while one takes them.
type queue[T any] struct {
	limit int
	mu    sync.Mutex
	ready sync.Cond
	count int // number of items that are queued, or taken and not yet released
	size  int // total size of those items
	items []T
	spare []T // memory for the next items: take swaps the two slices
	ended bool
}

func newQueue[T any](limit int) *queue[T] {
	q := &queue[T]{limit: limit}
	q.ready.L = &q.mu
	return q
}

// put appends item. If the queue would exceed its limit or has ended, put does nothing and
// returns false. The limit does not apply to an item of size 0, nor to an empty queue.
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

// take waits for items and returns all of them. The slice is valid until the next call. take
// returns false if the queue has ended and is empty.
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

// release frees the room of a taken item. Call it for each item after processing it.
func (q *queue[T]) release(size int) {
	q.mu.Lock()
	q.count--
	q.size -= size
	q.mu.Unlock()
}

// len returns the number of items that are queued or not yet released.
func (q *queue[T]) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.count
}

// end ends the queue: put refuses items, and take returns false when the queue is empty.
func (q *queue[T]) end() {
	q.mu.Lock()
	q.ended = true
	q.ready.Signal()
	q.mu.Unlock()
}
