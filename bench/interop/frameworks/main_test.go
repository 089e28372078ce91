package frameworks

import (
	"testing"

	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

// patience is how long anything may take before a test fails.
const patience = testkit.Patience

// TestMain fails if a goroutine of this library outlives its connection.
func TestMain(m *testing.M) { leak.Main(m, patience, "github.com/zerowire/websocket.") }
