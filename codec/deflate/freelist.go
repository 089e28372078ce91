package deflate

import (
	"runtime"
	"slices"
	"sync"
)

// A freeList holds objects that are costly to create, for reuse: at most kept of them,
// and leaves the others to the garbage collector.
type freeList[T any] struct {
	mu   sync.Mutex
	free []*T
}

// kept is the capacity of each free list. It can be small: a message holds a compressor or
// decompressor only while the processor works on it, or while the rest of it arrives.
var kept = max(4, 2*runtime.GOMAXPROCS(0))

// take removes an object from the list: favourite if the list has it, otherwise the one that
// was put back first. It returns nil if the list is empty.
func (s *freeList[T]) take(favourite *T) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) == 0 {
		return nil
	}
	i := max(0, slices.Index(s.free, favourite))
	x := s.free[i]
	s.free = slices.Delete(s.free, i, i+1)
	return x
}

func (s *freeList[T]) put(x *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < kept {
		s.free = append(s.free, x)
	}
}
