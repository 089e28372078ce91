package frameworks

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/leak"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

// patience is how long anything may take before a test fails.
const patience = 30 * time.Second

// TestMain fails if a goroutine of this library outlives its connection.
func TestMain(m *testing.M) { leak.Main(m, patience, "github.com/zerowire/websocket.") }
