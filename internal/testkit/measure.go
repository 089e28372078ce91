package testkit

import (
	"os"
	"runtime"
	"testing"
)

// Allocations returns how often f allocates on average, rounded down. [testing.AllocsPerRun]
// counts what the whole process allocates, also for a timer that falls due meanwhile.
// Allocations measures up to ten times until one measurement is most or less, and returns
// the least of them: what f itself allocates is in every one.
func Allocations(runs int, most float64, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for n := 1; n < 10 && least > most; n++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}

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
