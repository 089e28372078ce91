package stress_test

import (
	"net"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// conformanceOptions let the largest of the suite's messages pass.
var conformanceOptions = testkit.Unhurried(websocket.Options{MaxMessage: 16 << 20})

// TestPromise31ServerConformance plays the cases on TCP, where the suite's waits are real.
func TestPromise31ServerConformance(t *testing.T) {
	for form, h := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			addr := testkit.Serve(t, &websocket.Server{Handler: h, Options: conformanceOptions})
			played := []string{"1", "2", "3", "4", "5", "6", "7", "10"}
			if form == "events" && !testkit.RaceEnabled {
				played = append(played, "9") // many megabytes, which take too long elsewhere
			}
			t.Run("cases", func(t *testing.T) {
				dial := func(t *testing.T) net.Conn { return testkit.Upgraded(t, addr) }
				wstest.PlayTable(t, codec.Server, dial, played...)
			})
		})
	}
}
