package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// Fleet is a number of connections to one server, driven by the caller of its
// methods, on one thread.
type Fleet struct {
	Addr    netip.AddrPort // of the server, IPv4
	Raw     bool           // speak plain TCP: no handshake, and frames come back as they were sent
	TLS     *tls.Config    // speak TLS 1.3 with AES-128-GCM, as TrustOnly says; plain TCP if nil
	Deflate Deflate        // what to offer, and then to insist on
	Stall   time.Duration  // how long nothing may happen before the server counts as hanging
	Limit   time.Duration  // how long one call of a method may take
	Deaf    int            // one of so many connections, as they are opened, is one that Deafen has read no more; none if 0

	loop    *loadgen.Loop
	conns   map[*conn]bool
	dialled int
	waiting int                 // connections that have something to do before the current step is over
	on      func(c *conn) error // what turn was called with
	failed  error               // what on, or a connection, has failed with
}

// maxMessage is the limit of a message from the server, in bytes.
const maxMessage = 64 << 20

// phase is where a connection is in its life.
type phase uint8

const (
	connecting phase = iota
	upgrading
	open
	leaving // the Close frame was sent
)

// conn is one connection of a Fleet, and the Handler of its socket.
type conn struct {
	loadgen.Stream
	*loadgen.Socket
	fleet  *Fleet
	fd     int
	secure *secure // nil without TLS

	phase    phase
	tight    bool      // it has little room for what is not read
	closed   bool      // the server's Close frame arrived
	owed     bool      // messages have not arrived
	head     []byte    // of the handshake's response, as far as it has arrived
	inflater *inflater // nil if nothing may be compressed

	batches []Batch // sent in turn
	turn    int
}

// NewFleet returns a Fleet without connections.
func NewFleet(addr netip.AddrPort, raw bool) (*Fleet, error) {
	loop, err := loadgen.NewLoop()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &Fleet{Addr: addr, Raw: raw, Stall: 5 * time.Second, Limit: time.Minute, loop: loop, conns: map[*conn]bool{}}, nil
}

// Packed returns how many bytes of payload arrived compressed, and what they
// were inflated.
func (f *Fleet) Packed() (packed, plain uint64) {
	for c := range f.conns {
		if z := c.inflater; z != nil {
			packed, plain = packed+z.wire.packed, plain+z.wire.plain
		}
	}
	return packed, plain
}

// Len returns how many connections there are, without those that are deaf.
func (f *Fleet) Len() int { return len(f.conns) }

// Close closes all connections at once.
func (f *Fleet) Close() { f.loop.Close() }

// errHanging is returned when nothing happened for Stall, or not all for Limit.
var errHanging = errors.New("load: the server hangs")

// run handles events with on until nobody is waiting. on is called when a
// connection has made a step: it connected and upgraded, got all it expected,
// or ended.
func (f *Fleet) run(on func(c *conn) error) error {
	end := time.Now().Add(f.Limit)
	for f.waiting > 0 {
		start := time.Now()
		n, err := f.turn(f.Stall, on)
		if err != nil {
			return err
		}
		if now := time.Now(); n == 0 && now.Sub(start) >= f.Stall || now.After(end) {
			return fmt.Errorf("%w: %d of %d connections wait for it", errHanging, f.waiting, len(f.conns))
		}
	}
	return nil
}

// turn waits for events, for at most limit, handles them with on, and returns how many
// there were.
func (f *Fleet) turn(limit time.Duration, on func(c *conn) error) (n int, err error) {
	f.on, f.failed = on, nil
	n, err = f.loop.Turn(limit)
	if err != nil {
		return 0, fmt.Errorf("load: %w", err)
	}
	return n, f.failed
}

// Receive takes what the server has sent.
func (c *conn) Receive(p []byte) error {
	if c.secure == nil {
		return c.receive(p)
	}
	return c.secure.open(p, c.receive)
}

// receive takes bytes, decrypted if there is TLS.
func (c *conn) receive(p []byte) error {
	if c.phase == upgrading {
		rest, done, err := c.response(p)
		if err != nil || !done {
			return err
		}
		c.phase, p = open, rest
		if err := c.fleet.on(c); err != nil {
			return err
		}
	}
	err := c.Feed(p, c)
	if _, closed := errors.AsType[*loadgen.Closed](err); closed && c.phase == leaving {
		c.closed = true // its end follows
		return nil
	}
	return err
}

// Matched does nothing: a Fleet counts whole batches.
func (c *conn) Matched(int) {}

// Message checks a message that is not in the common form.
func (c *conn) Message(op codec.Opcode, compressed bool, p []byte) error {
	switch {
	case c.Next == c.Sent:
		return fmt.Errorf("load: message of %d bytes, opcode %d, after all that was expected", len(p), op)
	case op != c.Script.Opcode:
		return fmt.Errorf("load: opcode %d, want %d", op, c.Script.Opcode)
	case !compressed:
		return fmt.Errorf("load: message %d differs: it has %d bytes, want %d", c.Next, len(p), len(c.Payload(c.Next)))
	}
	if err := c.inflater.check(p, c.Payload(c.Next)); err != nil {
		return err
	}
	c.Next++
	return nil
}

// Step goes on when something has happened on the connection.
func (c *conn) Step(err error) {
	if f := c.fleet; f.failed == nil {
		f.failed = c.step(err)
	}
}

func (c *conn) step(err error) error {
	switch {
	case c.closed && (err == io.ErrUnexpectedEOF || errors.Is(err, unix.ECONNRESET)):
		c.drop() // a reset, if the server closed before it had read all, is as good as an end
		return c.fleet.on(c)
	case err == io.ErrUnexpectedEOF:
		return errors.New("load: the server ended the connection without a Close frame")
	case err != nil:
		return fmt.Errorf("load: %w", err)
	}
	if c.phase == connecting && c.Connected() {
		c.phase = upgrading
		if c.fleet.TLS != nil {
			if c.secure, err = shake(c.fd, c.fleet.TLS, c.fleet.Stall); err != nil {
				return err
			}
		}
		if c.fleet.Raw {
			c.phase = open
			if err := c.fleet.on(c); err != nil {
				return err
			}
		}
	}
	if c.owed && c.Next == c.Sent {
		c.owed = false
		if len(c.Stream.Outgoing()) > 0 || c.secure != nil && len(c.secure.sealed) > 0 {
			return errors.New("load: the server answered what was not sent yet")
		}
		if err := c.fleet.on(c); err != nil {
			return err
		}
	}
	return c.flush()
}

// flush sends what there is to send.
func (c *conn) flush() error {
	if !c.Open() {
		return nil
	}
	var err error
	if c.secure == nil {
		err = c.Flush(&c.Stream)
	} else {
		s := sealer{secure: c.secure, out: &c.Stream}
		err = errors.Join(c.Flush(&s), s.err)
	}
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

// drop closes the connection.
func (c *conn) drop() {
	delete(c.fleet.conns, c)
	c.Socket.Close()
}
