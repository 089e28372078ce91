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
	n        int // 0 at the end of input
	readErr  syscall.Errno

	writable func(fd uintptr) bool
	one      []byte       // what trySendOne sends
	rest     *net.Buffers // what the others send, if not nil
	wait     bool         // until all is sent
	writeErr syscall.Errno
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
	s.decoder, s.payload, s.n, s.readErr = d, payload, 0, 0
	if err := s.conn.Read(s.readable); err != nil {
		return 0, err
	}
	if payload == nil {
		d.Commit(s.n)
	}
	s.payload = nil
	switch {
	case s.readErr != 0:
		return 0, os.NewSyscallError("read", s.readErr)
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
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
			s.readErr = err.(syscall.Errno)
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
	s.one = b
	err := s.call(nil, false)
	n := len(b) - len(s.one)
	s.one = nil
	return n, err
}

func (s *rawSocket) call(rest *net.Buffers, wait bool) error {
	s.rest, s.wait, s.writeErr = rest, wait, 0
	if err := s.conn.Write(s.writable); err != nil {
		return err
	}
	if s.writeErr != 0 {
		return os.NewSyscallError("write", s.writeErr)
	}
	return nil
}

// write writes until all is sent or the socket is full. Then it returns false
// if it shall be called again.
func (s *rawSocket) write(fd uintptr) bool {
	for s.unsent() {
		err := s.writeSome(int(fd))
		switch {
		case err == nil || err == unix.EINTR:
		case err == unix.EAGAIN:
			return !s.wait
		default:
			s.writeErr = err.(syscall.Errno)
			return true
		}
	}
	return true
}

func (s *rawSocket) unsent() bool { return len(s.one) > 0 || s.rest != nil && len(*s.rest) > 0 }

func (s *rawSocket) writeSome(fd int) error {
	if s.rest == nil {
		n, err := unix.Write(fd, s.one)
		s.one = s.one[max(n, 0):]
		return err
	}
	n, err := writev(fd, *s.rest)
	consume(s.rest, n)
	return err
}

func writev(fd int, bufs [][]byte) (int, error) {
	if len(bufs) == 1 {
		return unix.Write(fd, bufs[0])
	}
	return unix.Writev(fd, bufs)
}

// consume takes the first n bytes from bufs, and what is empty then; none if n is
// negative, because writing failed.
func consume(bufs *net.Buffers, n int) {
	for len(*bufs) > 0 && n >= len((*bufs)[0]) {
		n -= len((*bufs)[0])
		*bufs = (*bufs)[1:]
	}
	if n > 0 {
		(*bufs)[0] = (*bufs)[0][n:]
	}
}
