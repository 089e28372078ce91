package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/prometheus/procfs"

	"github.com/zerowire/websocket/pool"
)

// Usage is what the server's process holds.
type Usage struct {
	Goroutines int   `json:"goroutines"`
	Heap       int64 `json:"heap"`        // bytes in objects
	Resident   int64 `json:"resident"`    // bytes in RAM; 0 if the system does not tell
	Files      int   `json:"descriptors"` // 0 if the system does not tell
	Lent       int   `json:"buffers"`     // of the pool, where that counts them
	Poisoned   bool  `json:"poisoned"`    // it does

	Opened     int64    `json:"opened"` // connections
	Closed     int64    `json:"closed"`
	Complaints []string `json:"complaints,omitempty"` // lines of the log
}

const heapMetric = "/memory/classes/heap/objects:bytes"

// measure returns what this process holds. If collect, it frees what it can before:
// sync.Pool keeps what it has for one collection more.
func measure(collect bool) Usage {
	if collect {
		runtime.GC()
		debug.FreeOSMemory()
	}
	heap := []metrics.Sample{{Name: heapMetric}}
	metrics.Read(heap)
	u := Usage{
		Goroutines: runtime.NumGoroutine(), Heap: int64(heap[0].Value.Uint64()),
		Lent: pool.Lent(), Poisoned: pool.Poisoned,
	}
	self, err := procfs.Self()
	if err != nil {
		return u // no /proc on this system
	}
	if stat, err := self.Stat(); err == nil {
		u.Resident = int64(stat.ResidentMemory())
	}
	if n, err := self.FileDescriptorsLen(); err == nil {
		u.Files = n
	}
	return u
}

// peak returns the larger of u and v in everything.
func (u Usage) peak(v Usage) Usage {
	u.Goroutines, u.Heap, u.Resident = max(u.Goroutines, v.Goroutines), max(u.Heap, v.Heap), max(u.Resident, v.Resident)
	u.Files, u.Lent = max(u.Files, v.Files), max(u.Lent, v.Lent)
	return u
}

// The slack of memory: what the runtime and the pools keep for the next time, and with
// the race detector its own books, which only grow. Goroutines, descriptors and buffers
// have none.
const (
	heapSlack     = 8 << 20
	residentSlack = 64<<20 + raceSlack
)

// isBack reports whether after a shutdown all is back that was there before, but for
// memory.
func (u Usage) isBack(before Usage) bool {
	return u.Goroutines <= before.Goroutines && u.Files <= before.Files && u.Lent <= before.Lent && u.Opened == u.Closed
}

// left says what is not back, one line for each.
func (u Usage) left(before Usage) (lines []string) {
	compare := func(what string, was, is, slack int64, unit string) {
		if is > was+slack {
			lines = append(lines, what+": "+count(is, unit)+", before "+count(was, unit))
		}
	}
	compare("goroutines", int64(before.Goroutines), int64(u.Goroutines), 0, "")
	compare("descriptors", int64(before.Files), int64(u.Files), 0, "")
	compare("pooled buffers", int64(before.Lent), int64(u.Lent), 0, "")
	compare("connections that were opened, and have not ended", 0, u.Opened-u.Closed, 0, "")
	compare("heap", before.Heap, u.Heap, heapSlack, "B")
	compare("resident memory", before.Resident, u.Resident, residentSlack, "B")
	return lines
}
