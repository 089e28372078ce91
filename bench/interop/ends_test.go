package interop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// patience is how long anything may take before a test fails.
const patience = testkit.Patience

// roomy is the message limit, in bytes, of a peer in whose scenario limits do
// not matter: beyond everything that is sent.
const roomy = 4 << 20

// settings are those of one end.
type settings struct {
	subprotocols []string // offered by a client, spoken by a server
	origin       string   // that a client names
	limit        int64    // of a message to receive, in bytes; 0: it does not matter
	deflate      deflate
}

// deflate is whether and how an end compresses, as far as its library can: then it
// compresses every message.
type deflate struct {
	on       bool
	takeover bool
	bits     int // of the window; 0 for the library's choice
}

// limitOr returns the message limit, or otherwise if it does not matter.
func (s settings) limitOr(otherwise int64) int64 {
	if s.limit == 0 {
		return otherwise
	}
	return s.limit
}

// library is one implementation, ours or another.
type library interface {
	// Dial opens a connection as a client. The error is a refused if the server
	// said no.
	Dial(t *testing.T, url string, s settings) (end, error)
	// Listen serves one connection, which it sends to the channel.
	Listen(t *testing.T, s settings) (url string, accepted <-chan end)
}

// refused is the HTTP status that a server refused the opening handshake with.
type refused int

func (r refused) Error() string { return fmt.Sprintf("refused with status %d", int(r)) }

// end is one end of a connection.
type end interface {
	// Subprotocol returns what the opening handshake agreed on, "" for none.
	Subprotocol() string
	// Send sends a message. Several parts are to leave in several frames, though
	// not necessarily one each.
	Send(op websocket.Opcode, parts ...[]byte) error
	// Ping sends a Ping and waits for the Pong that answers it.
	Ping(ctx context.Context) error
	// Close sends a Close frame, and waits for the peer's if the library does.
	// StatusNoStatusReceived stands for an empty one.
	Close(code websocket.StatusCode, reason string) error
	// Events are the messages received and, last, the end of the connection.
	Events() <-chan event
}

// event is a message, or with codec.OpClose the end of the connection.
type event struct {
	op      websocket.Opcode
	payload []byte
	code    websocket.StatusCode // StatusAbnormalClosure if there was no Close frame
	reason  string
}

// String shortens long payloads.
func (e event) String() string {
	if e.op == codec.OpClose {
		return fmt.Sprintf("close %d %q", e.code, e.reason)
	}
	return fmt.Sprintf("%v of %d bytes %.40q", e.op, len(e.payload), e.payload)
}

// inbox is what an end has received: each adapter embeds one.
type inbox struct {
	events chan event
	pongs  chan []byte
}

func newInbox() inbox {
	// More events than a scenario sends: an adapter never waits for the test.
	return inbox{events: make(chan event, 1024), pongs: make(chan []byte, 16)}
}

func (in inbox) Events() <-chan event { return in.events }

// received notes a message. p is copied.
func (in inbox) received(op websocket.Opcode, p []byte) {
	in.events <- event{op: op, payload: slices.Clone(p)}
}

// ended notes the end of the connection.
func (in inbox) ended(code websocket.StatusCode, reason string) {
	in.events <- event{op: codec.OpClose, code: code, reason: reason}
}

// awaitPong waits for the Pong of payload.
func (in inbox) awaitPong(ctx context.Context, payload []byte) error {
	select {
	case p := <-in.pongs:
		if string(p) != string(payload) {
			return fmt.Errorf("the pong is %q, want %q", p, payload)
		}
		return nil
	case <-ctx.Done():
		return errors.New("no pong")
	}
}
