//go:build unix

package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// processUsage returns what this process has cost so far.
func processUsage() usage {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return usage{}
	}
	return usage{user: time.Duration(u.Utime.Nano()), system: time.Duration(u.Stime.Nano())}
}
