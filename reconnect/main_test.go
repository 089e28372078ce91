package reconnect_test

import (
	"testing"
	"time"

	"github.com/zerowire/websocket/internal/leak"
)

// TestMain fails if a goroutine of the module, or a pooled buffer, outlives the
// tests.
func TestMain(m *testing.M) { leak.Main(m, 5*time.Second, "github.com/zerowire/websocket") }
