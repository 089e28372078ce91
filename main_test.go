package websocket_test

import (
	"flag"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/leak"
)

// waitingTests is how many parallel tests run for each processor: those on sockets
// spend nearly all of their time waiting.
const waitingTests = 8

// TestMain fails if a goroutine of this package, or a pooled buffer, outlives
// the tests.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		flag.Set("test.parallel", strconv.Itoa(waitingTests*runtime.GOMAXPROCS(0)))
	}
	leak.Main(m, 5*time.Second, module)
}
