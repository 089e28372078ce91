package hub_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/internal/testkit"
)

// TestPanicInAnOption: a panic in Dropped or Presence is logged, and other subscribers
// receive what is published.
func TestPanicInAnOption(t *testing.T) {
	t.Parallel()
	var log testkit.Output
	h := newHub(t, &hub.Options{
		Logger:   slog.New(slog.NewTextHandler(&log, nil)),
		Dropped:  func(*websocket.Conn, int) { panic("in the count") },
		Presence: func(e hub.Event) { panic("at " + e.Name) },
	})
	if err := h.Join(pipePeer(t).Conn, "game", "ann"); err != nil {
		t.Fatal(err)
	}
	slow, reader := tcpPeer(t, smallBuffers), tcpPeer(t, 0)
	subscribe(t, h, slow, "game")
	subscribe(t, h, reader, "game")
	want := []string{"panic in Options.Dropped", "in the count", "panic in Options.Presence", "at ann"}
	for i, end := 0, time.Now().Add(patience); ; i++ {
		publish(t, h, "game", message(i))
		reader.want(message(i))
		missing := ""
		for _, s := range want {
			if !strings.Contains(log.String(), s) {
				missing = s
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %d messages the log has no %q:\n%s", i, missing, log.String())
		}
	}
}
