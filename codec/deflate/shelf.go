package deflate

import (
	"runtime"
	"slices"
	"sync"
)

// A shelf keeps what is costly to make for the next one who needs it, and no more
// than kept of it: what is put back beyond that is left to the garbage collector.
type shelf[T any] struct {
	mu   sync.Mutex
	free []*T
}

// kept is how many compressors of a kind, and how many decompressors, are kept. A
// message holds one only while the processor works on it, or while the rest of it
// is on its way.
var kept = max(4, 2*runtime.GOMAXPROCS(0))

// take returns favourite if it is there, else the one that was put back first, or
// nil if there is none.
func (s *shelf[T]) take(favourite *T) *T {
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

func (s *shelf[T]) put(x *T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.free) < kept {
		s.free = append(s.free, x)
	}
}
