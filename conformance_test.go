package websocket_test

import (
	"net"
	"slices"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// conformanceOptions let the largest of the suite's messages pass.
var conformanceOptions = websocket.Options{MaxMessage: 16 << 20}

// groups are those that every form and role is played, and heavy the one with
// many megabytes, which is left out where it takes too long.
var groups, heavy = []string{"1", "2", "3", "4", "5", "6", "7", "10"}, []string{"9"}

// TestPromise31ConformanceInMemory plays every case in exact time, which Autobahn's waits
// cost nothing in, against both roles and both forms.
func TestPromise31ConformanceInMemory(t *testing.T) {
	t.Parallel()
	for _, role := range []codec.Role{codec.Client, codec.Server} {
		for form, h := range forms {
			t.Run(role.String()+"/"+form, func(t *testing.T) {
				dial := func(t *testing.T) net.Conn {
					suite, peer := pipe.New()
					go testkit.NewConn(peer, role, websocket.Handshake{}, &conformanceOptions).Serve(h)
					return suite
				}
				played := groups
				if role == codec.Client && form == "events" && !raceEnabled {
					played = slices.Concat(groups, heavy)
				}
				wstest.PlayTableInBubble(t, role, dial, played...)
			})
		}
	}
}
