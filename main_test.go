package websocket_test

import (
	"os"
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/leak"
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
	leak.Main(m, 5*time.Second, module)
}
