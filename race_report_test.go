package websocket_test

import (
	"net"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestNoFalseRaceReport orders accesses to a variable by messages alone, between a Conn and a
// bare net.Conn of the same process. With -race, the detector must see that order in both
// directions.
func TestNoFalseRaceReport(t *testing.T) {
	t.Parallel()
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			ours, peer := tcpPair(t)
			c := testkit.NewConn(ours, role, websocket.Handshake{}, nil)
			defer c.CloseNow()
			var shared int // of the goroutine that has received the last message
			done := make(chan int, 1)
			go play(peer, role, &shared, done)
			for range 10 {
				if _, _, err := c.Read(background); err != nil {
					t.Fatal(err)
				}
				shared++
				if err := c.Write(background, websocket.OpText, []byte("yours")); err != nil {
					t.Fatal(err)
				}
			}
			if got := <-done; got != 20 {
				t.Errorf("the variable is %d, want 20", got)
			}
		})
	}
}

// play is the peer of a Conn in role: it begins, and reports the last value of shared.
func play(peer net.Conn, role websocket.Role, shared *int, done chan<- int) {
	mine := wstest.Text("yours").Append(nil)
	if role == websocket.RoleServer {
		mine = wstest.Text("yours").AppendMasked(nil, wstest.RFCKey)
	}
	for range 10 {
		*shared++
		if _, err := peer.Write(mine); err != nil {
			break
		}
		if _, _, err := wstest.ReadFrame(peer); err != nil {
			break
		}
	}
	done <- *shared
}
