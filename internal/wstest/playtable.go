package wstest

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket/codec"
)

// PlayTable plays the cases of the groups (as [Cases] takes them), in every
// mode that tells something, as parallel subtests, and fails those that do not get the strict
// verdict. dial opens an upgraded connection to an echo peer of the given role;
// Play closes it, and t.Cleanup is for what else dial started.
func PlayTable(t *testing.T, peer codec.Role, dial func(t *testing.T) net.Conn, groups ...string) {
	t.Helper()
	eachCase(t, groups, func(t *testing.T, c *Case, mode Mode) {
		t.Parallel()
		check(t, Play(dial(t), peer, c, Options{Mode: mode}))
	})
}

// PlayTableInBubble is PlayTable for connections in memory. Each case has a
// testing/synctest bubble of its own in which dial is called, so that waits cost
// nothing, are as long as Autobahn's, and exact. What dial starts has to end
// with the connection.
func PlayTableInBubble(t *testing.T, peer codec.Role, dial func(t *testing.T) net.Conn, groups ...string) {
	t.Helper()
	eachCase(t, groups, func(t *testing.T, c *Case, mode Mode) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			check(t, Play(dial(t), peer, c, Options{Mode: mode, Patience: time.Second, Pause: time.Second}))
		})
	})
}

func eachCase(t *testing.T, groups []string, play func(*testing.T, *Case, Mode)) {
	t.Helper()
	cases := Cases(groups...)
	if len(cases) == 0 {
		t.Fatalf("Cases(%q) is empty", groups)
	}
	for _, c := range cases {
		modes := []Mode{Whole, ByteByByte, Trailing}
		if c.Limit > 0 {
			modes = modes[:2] // large messages end as small ones do
		}
		for _, mode := range modes {
			t.Run(c.ID+"/"+mode.String(), func(t *testing.T) { play(t, c, mode) })
		}
	}
}

func check(t *testing.T, r Report) {
	t.Helper()
	if !r.Passed() {
		t.Errorf("%s", r)
	}
}
