package stress_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/leak"
)

var background = context.Background()

// children are the programs that this test binary runs as child processes. The
// environment variable childVariable names the one to run.
var children = map[string]func(){}

const childVariable = "WEBSOCKET_STRESS_CHILD"

// TestMain fails if a goroutine of package websocket, or a pooled buffer, outlives the
// tests.
func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVariable)]; child != nil {
		child()
		return
	}
	leak.Main(m, 5*time.Second, "github.com/zerowire/websocket")
}
