package interop

import (
	"testing"

	"github.com/zerowire/websocket/internal/leak"
)

// TestMain fails if a goroutine of this library, or a pooled buffer, outlives the
// connections to its peers.
func TestMain(m *testing.M) { leak.Main(m, patience, "github.com/zerowire/websocket.") }
