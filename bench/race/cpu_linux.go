package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cores are the two that a race needs: the server's and the client's. The zero
// value pins nothing.
type cores struct {
	pinned         bool
	server, client unix.CPUSet
}

// findCores takes the last and the first core that this process may use, and
// moves it to the first. With one core, or if the system refuses, nothing is
// pinned.
func findCores() cores {
	var allowed unix.CPUSet
	if unix.SchedGetaffinity(0, &allowed) != nil || allowed.Count() < 2 {
		return cores{}
	}
	c := cores{pinned: true}
	first, last := -1, -1
	for i := range len(allowed) * 64 {
		if !allowed.IsSet(i) {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
	}
	c.client.Set(first)
	c.server.Set(last)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return cores{}
	}
	for _, t := range threads {
		id, err := strconv.Atoi(t.Name())
		if err != nil || unix.SchedSetaffinity(id, &c.client) != nil {
			return cores{}
		}
	}
	runtime.GOMAXPROCS(1)
	return c
}

// onServerCore calls start, which starts a process, so that the process is
// pinned to the server's core: a child inherits where its parent's thread may
// run.
func (c cores) onServerCore(start func() error) error {
	if !c.pinned {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &c.server); err != nil {
		return fmt.Errorf("race: sched_setaffinity: %w", err)
	}
	err := start()
	if back := unix.SchedSetaffinity(0, &c.client); err == nil && back != nil {
		err = fmt.Errorf("race: sched_setaffinity: %w", back)
	}
	return err
}
