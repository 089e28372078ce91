package wstest

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket/codec"
)

// PlayDeflateTable is [PlayTable] for the compression cases (as [DeflateCases]
// takes them), with so many messages in each, fewer where they are long. dial connects to an echo peer of the
// given role, before the opening handshake: the suite plays that too.
func PlayDeflateTable(t *testing.T, peer codec.Role, dial func(t *testing.T) net.Conn, messages int, groups ...string) {
	t.Helper()
	eachDeflateCase(t, groups, func(t *testing.T, c *DeflateCase, mode Mode) {
		t.Parallel()
		check(t, PlayDeflate(dial(t), peer, c, Options{Mode: mode, Messages: fewer(messages, c)}))
	})
}

// PlayDeflateTableInBubble is PlayDeflateTable for connections in memory, as
// [PlayTableInBubble] is.
func PlayDeflateTableInBubble(t *testing.T, peer codec.Role, dial func(t *testing.T) net.Conn, messages int, groups ...string) {
	t.Helper()
	eachDeflateCase(t, groups, func(t *testing.T, c *DeflateCase, mode Mode) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			check(t, PlayDeflate(dial(t), peer, c, Options{Mode: mode, Messages: fewer(messages, c), Patience: time.Second}))
		})
	})
}

func eachDeflateCase(t *testing.T, groups []string, play func(*testing.T, *DeflateCase, Mode)) {
	t.Helper()
	cases := DeflateCases(groups...)
	if len(cases) == 0 {
		t.Fatalf("DeflateCases(%q) is empty", groups)
	}
	for _, c := range cases {
		modes := []Mode{Whole, ByteByByte}
		if c.Length > 4096 {
			modes = modes[:1] // they come in pieces as it is
		}
		for _, mode := range modes {
			t.Run(c.ID+"/"+mode.String(), func(t *testing.T) { play(t, c, mode) })
		}
	}
}

// fewer returns how many messages of c are as much as so many of 4 KiB, at least 3
// of them and at most so many.
func fewer(messages int, c *DeflateCase) int {
	return min(messages, max(3, messages*4096/c.Length))
}
