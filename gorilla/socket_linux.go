package websocket

import (
	"io"
	"net"
	"os"
	"syscall"
)

const (
	// briefRead and briefWrite are the sizes, in bytes, up to which a system call does not
	// notify the scheduler. The descriptor is non-blocking, so that such a call takes
	// microseconds.
	briefRead  = 64 << 10
	briefWrite = 16 << 10
)

// socket reads and writes with the descriptor of a TCP or Unix socket. Short system calls do not
// notify the scheduler, which saves time. If the socket is not ready, methods wait as those of
// the net.Conn do, with its deadlines. One goroutine may read and one may write at the same time.
type socket struct {
	net.Conn
	raw syscall.RawConn

	// Functions for raw, with their arguments and results. They exist once per socket so that a
	// call does not allocate.
	readable, writable func(fd uintptr) bool
	in, out            []byte
	n, sent            int
	readErr, writeErr  syscall.Errno
}

// streamOf returns the fastest way to read from and write to nc.
func streamOf(nc net.Conn) io.ReadWriter {
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	}
	if raw == nil || err != nil {
		return nc
	}
	s := &socket{Conn: nc, raw: raw}
	s.readable, s.writable = s.tryRead, s.tryWrite
	return s
}

// Read is the Read of the net.Conn.
func (s *socket) Read(p []byte) (int, error) {
	if len(p) == 0 || len(p) > briefRead {
		return s.Conn.Read(p)
	}
	s.in, s.n, s.readErr = p, 0, 0
	err := s.raw.Read(s.readable)
	s.in = nil
	switch {
	case err != nil:
		return 0, s.failure("read", err)
	case s.readErr != 0:
		return 0, s.failure("read", os.NewSyscallError("read", s.readErr))
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// tryRead returns false if there is no input.
func (s *socket) tryRead(fd uintptr) bool {
	for {
		n, err := sysRead(int(fd), s.in)
		switch err {
		case 0:
			s.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		default:
			s.readErr = err
		}
		return true
	}
}

// Write is the Write of the net.Conn.
func (s *socket) Write(p []byte) (int, error) {
	if len(p) == 0 || len(p) > briefWrite {
		return s.Conn.Write(p)
	}
	s.out, s.sent, s.writeErr = p, 0, 0
	err := s.raw.Write(s.writable)
	s.out = nil
	switch {
	case err != nil:
		return s.sent, s.failure("write", err)
	case s.writeErr != 0:
		return s.sent, s.failure("write", os.NewSyscallError("write", s.writeErr))
	}
	return s.sent, nil
}

// tryWrite returns false if the socket is full.
func (s *socket) tryWrite(fd uintptr) bool {
	for s.sent < len(s.out) {
		n, err := sysWrite(int(fd), s.out[s.sent:])
		switch err {
		case 0:
			s.sent += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			s.writeErr = err
			return true
		}
	}
	return true
}

// failure returns the error that the net.Conn would return.
func (s *socket) failure(op string, err error) error {
	network := s.LocalAddr().Network()
	if e, ok := err.(*net.OpError); ok { // of the RawConn
		network, err = e.Net, e.Err
	}
	return &net.OpError{Op: op, Net: network, Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}
