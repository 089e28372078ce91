package interop

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// The settings of the scenarios that compress.
var (
	deflating   = settings{deflate: deflate{on: true}}
	takingOver  = settings{deflate: deflate{on: true, takeover: true}}
	smallWindow = settings{deflate: deflate{on: true, takeover: true, bits: 9}}
)

// playCompressed sends messages of many kinds in both directions, some of them more
// than once, and looks at the wire to see that they were compressed.
func playCompressed(t *testing.T, us, them end, p *tap) {
	if got := extensions(us); got == "" {
		t.Errorf("our Extensions() = %q, want some", got)
	}
	both(websocket.OpText, wstest.HTML.Message(0, 70_000))(t, us, them, p)
	both(websocket.OpBinary, wstest.PDF.Message(0, 70_000))(t, us, them, p)
	for range 2 {
		for _, kind := range []wstest.PayloadKind{wstest.JSON, wstest.Bitmap, wstest.Prose} {
			for i, length := range []int{60, 5000} {
				both(kind.Opcode(), kind.Message(i, length))(t, us, them, p)
			}
		}
		both(websocket.OpText, []byte{})(t, us, them, p)
		both(websocket.OpText, greeting)(t, us, them, p)
		part := bytes.Repeat(greeting, 500)
		send(t, "ours to theirs", us, them, websocket.OpText, part, part, part)
		send(t, "theirs to ours", them, us, websocket.OpText, part, part, part)
	}
	if client, server := p.compressed(); client < 8 || server < 8 {
		t.Errorf("client and server sent %d and %d compressed messages, want at least 8 each", client, server)
	}
}

// playPingsBetween has Pings and Pongs, which are not compressed, between messages
// that refer to each other.
func playPingsBetween(t *testing.T, us, them end, p *tap) {
	for range 3 {
		both(websocket.OpText, wstest.JSON.Message(0, 5000))(t, us, them, p)
		ping(t, "ours", us)
		ping(t, "theirs", them)
	}
}

// playNotCompressed has only one end know the extension: nothing is compressed.
func playNotCompressed(t *testing.T, us, them end, p *tap) {
	if got := extensions(us); got != "" {
		t.Errorf("our Extensions() = %q, want none", got)
	}
	both(websocket.OpText, bytes.Repeat(greeting, 100))(t, us, them, p)
	if client, server := p.compressed(); client != 0 || server != 0 {
		t.Errorf("client and server sent %d and %d compressed messages, want none", client, server)
	}
}

// extensions returns what the opening handshake agreed on.
func extensions(us end) string { return us.(*ourEnd).conn.Extensions() }
