package websocket_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/pool"
)

// children are the programs that this one can be beside a test: childVariable in the
// environment names one.
var children = map[string]func(){}

const childVariable = "WEBSOCKET_TEST_CHILD"

// TestMain fails if a goroutine of this package, or a pooled buffer, outlives
// the tests.
func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVariable)]; child != nil {
		child()
		return
	}
	code := m.Run()
	if code == 0 {
		if left := leftovers(5 * time.Second); left != "" {
			fmt.Fprintln(os.Stderr, left)
			code = 1
		}
	}
	os.Exit(code)
}

// leftovers describes what is still there after at most patience.
func leftovers(patience time.Duration) string {
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		var left []string
		for g := range strings.SplitSeq(stacks(), "\n\n") {
			if strings.Contains(g, module) && !strings.Contains(g, "TestMain(") {
				left = append(left, g)
			}
		}
		lent := pool.Lent()
		if len(left) == 0 && lent == 0 {
			return ""
		}
		if time.Since(start) > patience {
			return fmt.Sprintf("%d goroutines and %d buffers outlived the tests\n%s", len(left), lent, strings.Join(left, "\n\n"))
		}
	}
}

func stacks() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}
