package testkit

import (
	"os"
	"runtime"
)

// Allocated returns how many bytes the whole process allocates while f runs. With the
// race detector it calls f and returns 0; see [RaceEnabled].
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if RaceEnabled {
		return 0
	}
	return after.TotalAlloc - before.TotalAlloc
}

// HeapInUse returns how many bytes of the heap are in use after a collection that also
// empties the pools.
func HeapInUse() int {
	runtime.GC()
	runtime.GC() // sync.Pool keeps its values for one more collection
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Descriptors returns how many descriptors this process has open, or 0 where /proc does
// not list them.
func Descriptors() int {
	list, _ := os.ReadDir("/proc/self/fd")
	return len(list)
}
