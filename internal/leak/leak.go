// Package leak finds what outlives the tests of a package.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/pool"
)

// Main is what TestMain calls: it runs the tests, and ends the process. They fail, too,
// if a pooled buffer outlives them for longer than patience, or a goroutine whose
// stack contains one of these strings.
func Main(m *testing.M, patience time.Duration, stack ...string) {
	code := m.Run()
	if code == 0 {
		if left := leftovers(patience, stack); left != "" {
			fmt.Fprintln(os.Stderr, left)
			code = 1
		}
	}
	os.Exit(code)
}

// pause is how long leftovers waits before it looks again.
const pause = 10 * time.Millisecond

// leftovers describes what is still there after patience. It counts pauses and does not
// read a clock: while the process does not run, it has no time to end anything either.
func leftovers(patience time.Duration, stack []string) string {
	for looks := patience / pause; ; looks-- {
		var left []string
		for g := range strings.SplitSeq(Stacks(), "\n\n") {
			if containsAny(g, stack) && !strings.Contains(g, "TestMain(") {
				left = append(left, g)
			}
		}
		lent := pool.Lent()
		if len(left) == 0 && lent == 0 {
			return ""
		}
		if looks <= 0 {
			return fmt.Sprintf("%d goroutines and %d buffers outlived the tests\n%s", len(left), lent, strings.Join(left, "\n\n"))
		}
		time.Sleep(pause)
	}
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// Stacks returns the stacks of all goroutines, with an empty line between them.
func Stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
