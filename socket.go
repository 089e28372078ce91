package websocket

import (
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// socket is the transport of a Conn: a net.Conn and, where the system allows, a
// direct way to its descriptor. One goroutine may receive and one may send at the
// same time.
type socket struct {
	nc  net.Conn
	raw rawSocket // socket_linux.go; inactive elsewhere and with the tag purego
	fit int       // how much room to receive into, on the portable way
}

// How much room to receive into, in bytes: while little comes, while reads fill
// it, and when readiness is known before the room is taken.
const (
	smallRead = 4 << 10
	largeRead = 128 << 10
)

func (s *socket) init(nc net.Conn) {
	s.nc, s.fit = nc, smallRead
	s.raw.init(nc)
}

// receive reads at least a byte, or fails: into payload or, if that is nil, into
// d. An empty d has no buffer while receive waits for payload or, if the direct way is
// open, for anything.
func (s *socket) receive(d *codec.Decoder, payload []byte) (int, error) {
	if s.raw.active() {
		return s.raw.receive(d, payload)
	}
	if payload != nil || d.Buffered() > 0 {
		d.Release()
	}
	if payload != nil {
		return s.nc.Read(payload)
	}
	room := d.Space(s.fit) // in the buffer of the last read, most often
	if d.Buffered() == 0 && (len(room) > s.fit || pool.Poisoned) {
		d.Release()
		room = d.Space(s.fit)
	}
	n, err := s.nc.Read(room)
	d.Commit(n)
	s.fit = smallRead
	if n == len(room) {
		s.fit = largeRead
	}
	return n, err
}

// tryTime is how long the portable way of trying to send may take.
const tryTime = time.Millisecond

// trySend sends as much of rest as goes without waiting. What was sent is taken
// from rest. On the portable way it does nothing but for a caller that may leave,
// and where a write that was left does no harm.
func (s *socket) trySend(rest *net.Buffers, mayLeave bool) error {
	if s.raw.active() {
		return s.raw.trySend(rest)
	}
	if !mayLeave || !s.vectored() {
		return nil
	}
	s.nc.SetWriteDeadline(now().after(tryTime).deadline())
	_, err := rest.WriteTo(s.nc)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// sendOne sends of b what goes without waiting, and returns how much that was. On the
// portable way that cannot be known: it sends nothing for a caller that may leave, and
// all of b for others, as send does.
func (s *socket) sendOne(b []byte, mayLeave bool, timeout time.Duration) (int, error) {
	switch {
	case s.raw.active():
		return s.raw.trySendOne(b)
	case mayLeave:
		return 0, nil
	}
	s.nc.SetWriteDeadline(now().after(timeout).deadline()) // never, for 0
	return len(b), writeAll(s.nc, b)
}

// send sends all of rest. It may wait for the peer for at most timeout, 0 for
// ever.
func (s *socket) send(rest *net.Buffers, timeout time.Duration) error {
	s.nc.SetWriteDeadline(now().after(timeout).deadline()) // never, for 0
	if s.raw.active() {
		err := s.raw.send(rest)
		s.nc.SetWriteDeadline(never.deadline()) // trySend minds it
		return err
	}
	if s.vectored() {
		_, err := rest.WriteTo(s.nc)
		return err
	}
	for _, b := range *rest {
		if err := writeAll(s.nc, b); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes all of b or fails: also where, against the rules of io.Writer, less
// was written without an error.
func writeAll(nc net.Conn, b []byte) error {
	n, err := nc.Write(b)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// vectored reports whether several slices go out in one system call.
func (s *socket) vectored() bool {
	switch s.nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// quiet reports whether it is known that nothing waits to be read.
func (s *socket) quiet() bool { return s.raw.active() && s.raw.quiet() }

// reset closes the connection to a peer that takes nothing. What the system still
// holds for it is dropped: the system would keep that, and go on trying, for minutes.
// TLS is left out, because it would first wait for room for its last alert.
func (s *socket) reset() {
	nc := s.nc
	for {
		outer, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		nc = outer.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
	s.nc.Close()
}

// closeWrite closes this side of the connection alone, where the transport can.
func closeWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
