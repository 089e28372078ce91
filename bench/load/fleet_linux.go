package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
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

	epoll   int
	conns   map[int32]*conn
	dialled int
	deaf    []int32 // connections that read no more
	events  [256]unix.EpollEvent
	buf     []byte
	waiting int // connections that have something to do before the current step is over
}

// phase is where a connection is in its life.
type phase uint8

const (
	connecting phase = iota
	upgrading
	open
	closing // the Close frame was sent
)

// conn is one connection of a Fleet.
type conn struct {
	fd     int32
	phase  phase
	tight  bool   // it has little room for what is not read
	out    []byte // what the socket did not take yet
	asked  bool   // EPOLLOUT is asked for
	closed bool   // the server's Close frame arrived
	head   []byte // of the handshake's response, as far as it has arrived
	check  Checker
	secure *secure // nil without TLS

	batches []Batch // sent in turn
	turn    int
}

// NewFleet returns a Fleet without connections.
func NewFleet(addr netip.AddrPort, raw bool) (*Fleet, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll_create: %w", err)
	}
	return &Fleet{
		Addr: addr, Raw: raw, Stall: 5 * time.Second, Limit: time.Minute,
		epoll: epoll, conns: map[int32]*conn{}, buf: make([]byte, 256<<10),
	}, nil
}

// Packed returns how many bytes of payload arrived compressed, and what they
// were inflated.
func (f *Fleet) Packed() (packed, plain uint64) {
	for _, c := range f.conns {
		if z := c.check.inflater; z != nil {
			packed, plain = packed+z.wire.packed, plain+z.wire.plain
		}
	}
	return packed, plain
}

// Len returns how many connections there are, without those that are deaf.
func (f *Fleet) Len() int { return len(f.conns) }

// Close closes all connections at once.
func (f *Fleet) Close() {
	for fd := range f.conns {
		unix.Close(int(fd))
	}
	for _, fd := range f.deaf {
		unix.Close(int(fd))
	}
	unix.Close(f.epoll)
}

// errHanging is returned when nothing happened for Stall, or not all for Limit.
var errHanging = errors.New("load: the server hangs")

// run handles events with on until nobody is waiting. on is called when a
// connection has made a step: it connected and upgraded, got all it expected,
// or ended.
func (f *Fleet) run(on func(c *conn) error) error {
	end := time.Now().Add(f.Limit)
	for f.waiting > 0 {
		n, err := f.turn(f.Stall, on)
		if err != nil {
			return err
		}
		if n == 0 || time.Now().After(end) {
			return fmt.Errorf("%w: %d of %d connections wait for it", errHanging, f.waiting, len(f.conns))
		}
	}
	return nil
}

// turn waits for events, for at most limit, handles them with on, and returns how many
// there were.
func (f *Fleet) turn(limit time.Duration, on func(c *conn) error) (n int, err error) {
	for {
		n, err = unix.EpollWait(f.epoll, f.events[:], int(limit.Milliseconds()))
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return 0, fmt.Errorf("load: epoll_wait: %w", err)
	}
	for _, e := range f.events[:n] {
		if c := f.conns[e.Fd]; c != nil {
			if err := f.event(c, e.Events, on); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// event handles what epoll says about c.
func (f *Fleet) event(c *conn, events uint32, on func(c *conn) error) error {
	if events&unix.EPOLLOUT != 0 {
		if c.phase == connecting {
			if err := f.connected(c, on); err != nil {
				return err
			}
		} else if err := f.flush(c); err != nil {
			return err
		}
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		return f.receive(c, on)
	}
	return nil
}

// receive reads once: epoll reports again what is left. With TLS it reads until the
// socket is empty, since what the TLS layer has decrypted is not reported.
func (f *Fleet) receive(c *conn, on func(c *conn) error) error {
	if c.secure == nil {
		n, err := unix.Read(int(c.fd), f.buf)
		return f.received(c, n, err, on)
	}
	for f.conns[c.fd] == c {
		n, err := c.secure.Read(f.buf)
		if err == errAgain {
			break
		}
		if err == io.EOF {
			n, err = 0, nil
		}
		if err := f.received(c, n, err, on); err != nil {
			return err
		}
	}
	return nil
}

// received handles the n bytes of f.buf that a read has brought, or its error.
func (f *Fleet) received(c *conn, n int, err error, on func(c *conn) error) error {
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case errors.Is(err, unix.ECONNRESET) && c.closed:
		n = 0 // the server closed before it had read all: as good as an end
	case err != nil:
		return fmt.Errorf("load: read: %w", err)
	}
	if n == 0 {
		if !c.closed {
			return errors.New("load: the server ended the connection without a Close frame")
		}
		f.drop(c)
		return on(c)
	}
	p := f.buf[:n]
	if c.phase == upgrading {
		var done bool
		if p, done, err = f.response(c, p); err != nil || !done {
			return err
		}
		c.phase = open
		if err := on(c); err != nil {
			return err
		}
	}
	if len(p) == 0 {
		return nil
	}
	waited := !c.check.Done()
	if err := c.check.Feed(p); err != nil {
		if c.closed = err == errClosed && c.phase == closing; c.closed {
			return nil // its end follows
		}
		return err
	}
	if waited && c.check.Done() {
		return on(c)
	}
	return nil
}

// send writes p, now or when the socket takes it. p must not change until then.
func (f *Fleet) send(c *conn, p []byte) error {
	if len(c.out) > 0 {
		return errors.New("load: the server answered what was not sent yet")
	}
	if c.secure != nil {
		var err error
		if p, err = c.secure.seal(p); err != nil {
			return err
		}
	}
	c.out = p
	return f.flush(c)
}

// flush writes what is left.
func (f *Fleet) flush(c *conn) error {
	for len(c.out) > 0 {
		n, err := unix.Write(int(c.fd), c.out)
		if err == unix.EAGAIN {
			break
		}
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("load: write: %w", err)
		}
		c.out = c.out[max(n, 0):]
	}
	return f.ask(c, len(c.out) > 0)
}

// ask switches EPOLLOUT on and off.
func (f *Fleet) ask(c *conn, out bool) error {
	if c.asked == out {
		return nil
	}
	c.asked = out
	event := unix.EpollEvent{Fd: c.fd, Events: unix.EPOLLIN}
	if out {
		event.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_MOD, int(c.fd), &event); err != nil {
		return fmt.Errorf("load: epoll_ctl: %w", err)
	}
	return nil
}

// drop closes c.
func (f *Fleet) drop(c *conn) {
	delete(f.conns, c.fd)
	unix.Close(int(c.fd))
}
