//go:build linux && !purego

package websocket

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/codec"
)

// rawSocket is the direct way to the descriptor of a TCP or Unix connection. A
// RawConn calls the function it is given, and waits for readiness if that
// returns false: so that room is taken only when there is something to put into
// it, and one call less stands between us and the system.
type rawSocket struct {
	conn syscall.RawConn // nil if there is no direct way

	// The arguments and results of the functions below. Those two live as long as
	// the socket, so that a call allocates nothing.
	readable func(fd uintptr) bool
	decoder  *codec.Decoder
	payload  []byte
	n        int
	readErr  error

	writable func(fd uintptr) bool
	one      [1][]byte // what trySendOne sends
	ones     net.Buffers
	rest     *net.Buffers
	wait     bool // until all is sent
	writeErr error
}

func (s *rawSocket) init(nc net.Conn) {
	switch nc := nc.(type) {
	case *net.TCPConn:
		s.conn, _ = nc.SyscallConn()
	case *net.UnixConn:
		s.conn, _ = nc.SyscallConn()
	}
	if s.conn != nil {
		s.readable, s.writable = s.read, s.write
	}
}

func (s *rawSocket) active() bool { return s.conn != nil }

// await waits until something can be read, or the read deadline is over.
func (s *rawSocket) await() error { return s.conn.Read(inputWaits) }

// inputWaits reports whether there is something to read. It has to look: readiness
// that was reported before is not reported again.
func inputWaits(fd uintptr) bool {
	var b [1]byte
	_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK)
	return err != unix.EAGAIN && err != unix.EINTR
}

// quiet reports whether nothing waits to be read.
func (s *rawSocket) quiet() (quiet bool) {
	err := s.conn.Read(func(fd uintptr) bool {
		quiet = !inputWaits(fd)
		return true
	})
	return err == nil && quiet
}

func (s *rawSocket) receive(d *codec.Decoder, payload []byte) (int, error) {
	s.decoder, s.payload, s.n, s.readErr = d, payload, 0, nil
	if err := s.conn.Read(s.readable); err != nil {
		return 0, err
	}
	if payload == nil {
		d.Commit(s.n)
	}
	s.payload = nil
	return s.n, s.readErr
}

// read reads once. It returns false if there is nothing to read.
func (s *rawSocket) read(fd uintptr) bool {
	room := s.payload
	if room == nil {
		room = s.room()
	}
	for {
		n, err := unix.Read(int(fd), room)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			s.decoder.Release()
			return false
		case err != nil:
			s.readErr = os.NewSyscallError("read", err)
		case n == 0:
			s.readErr = io.EOF
		default:
			s.n = n
		}
		return true
	}
}

// room asks for a large buffer, unless received bytes wait in the one there is.
func (s *rawSocket) room() []byte {
	if s.decoder.Buffered() == 0 {
		return s.decoder.Space(largeRead)
	}
	if room := s.decoder.Space(1); len(room) >= smallRead {
		return room
	}
	return s.decoder.Space(largeRead - s.decoder.Buffered())
}

func (s *rawSocket) trySend(rest *net.Buffers) error { return s.call(rest, false) }
func (s *rawSocket) send(rest *net.Buffers) error    { return s.call(rest, true) }

// trySendOne returns how much of b went without waiting.
func (s *rawSocket) trySendOne(b []byte) (int, error) {
	s.one[0] = b
	s.ones = s.one[:]
	err := s.call(&s.ones, false)
	n := len(b)
	if len(s.ones) > 0 {
		n -= len(s.one[0])
	}
	s.one[0] = nil
	return n, err
}

func (s *rawSocket) call(rest *net.Buffers, wait bool) error {
	s.rest, s.wait, s.writeErr = rest, wait, nil
	if err := s.conn.Write(s.writable); err != nil {
		return err
	}
	return s.writeErr
}

// write writes until all is sent or the socket is full. Then it returns false
// if it shall be called again.
func (s *rawSocket) write(fd uintptr) bool {
	for len(*s.rest) > 0 {
		n, err := writev(int(fd), *s.rest)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return !s.wait
		case err != nil:
			s.writeErr = os.NewSyscallError("write", err)
			return true
		default:
			consume(s.rest, n)
		}
	}
	return true
}

func writev(fd int, bufs [][]byte) (int, error) {
	if len(bufs) == 1 {
		return unix.Write(fd, bufs[0])
	}
	return unix.Writev(fd, bufs)
}

// consume takes the first n bytes from bufs, and what is empty then.
func consume(bufs *net.Buffers, n int) {
	for len(*bufs) > 0 && n >= len((*bufs)[0]) {
		n -= len((*bufs)[0])
		*bufs = (*bufs)[1:]
	}
	if n > 0 {
		(*bufs)[0] = (*bufs)[0][n:]
	}
}
