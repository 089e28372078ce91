package loadgen

import (
	"io"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readSize is the size of the read buffer, in bytes.
const readSize = 256 << 10

// Loop drives sockets on one goroutine, with edge-triggered epoll. Its methods, and
// those of its sockets, must not be called concurrently.
type Loop struct {
	fd      int
	events  [256]unix.EpollEvent
	coarse  bool      // the kernel has no epoll_pwait2 (before Linux 5.11)
	sockets []*Socket // by descriptor; nil where there is none
	buf     []byte
}

// Handler receives the events of a socket.
type Handler interface {
	// Receive is called with received bytes. p is valid until Receive returns. An error
	// ends reading, and is passed to Step.
	Receive(p []byte) error

	// Step is called when all received bytes have been read, or when the socket has room
	// again. It should send the bytes that are ready. err is nil, the error of Receive or
	// of the system, or io.ErrUnexpectedEOF if the peer has ended the connection. If err is
	// not nil, Step must close the socket. It must not close other sockets of the loop.
	Step(err error)
}

// Outgoing is the source of the bytes that a socket sends. [Stream] implements it.
type Outgoing interface {
	Outgoing() []byte // returns the next bytes; empty if there are none now
	Took(n int)       // reports that n of them were sent
}

// NewLoop returns a Loop without sockets. The caller must close it.
func NewLoop() (*Loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &Loop{fd: fd, buf: make([]byte, readSize)}, nil
}

// Add adds fd, a non-blocking socket that is connected or connecting, and takes ownership of
// it. The socket sends nothing before the first Step.
func (l *Loop) Add(fd int, h Handler) (*Socket, error) {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | uint32(unix.EPOLLET&(1<<32-1)), Fd: int32(fd)}
	if err := unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	for len(l.sockets) <= fd {
		l.sockets = append(l.sockets, nil)
	}
	l.sockets[fd] = &Socket{loop: l, fd: fd, handler: h, busy: true}
	return l.sockets[fd], nil
}

// Turn waits at most d for events of sockets, and calls their handlers. It returns the number
// of sockets with events.
func (l *Loop) Turn(d time.Duration) (int, error) {
	events, err := l.wait(d)
	for i := range events {
		if s := l.sockets[events[i].Fd]; s != nil {
			s.happened(events[i].Events)
		}
	}
	return len(events), err
}

// timespec is the argument of epoll_pwait2, also on 32-bit systems.
type timespec struct{ sec, nsec int64 }

// wait waits at most d, and returns the events.
func (l *Loop) wait(d time.Duration) ([]unix.EpollEvent, error) {
	d = max(d, 0)
	if !l.coarse {
		// Poll without waiting first, with a raw system call: Syscall6 informs the
		// scheduler that the thread may block, which costs more than the call itself.
		var limit timespec
		n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.fd), uintptr(unsafe.Pointer(&l.events)), uintptr(len(l.events)),
			uintptr(unsafe.Pointer(&limit)), 0, 0)
		if n == 0 && err == 0 && d > 0 {
			limit = timespec{int64(d / time.Second), int64(d % time.Second)}
			n, _, err = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.fd), uintptr(unsafe.Pointer(&l.events)), uintptr(len(l.events)),
				uintptr(unsafe.Pointer(&limit)), 0, 0)
		}
		switch err {
		case 0:
			return l.events[:n], nil
		case unix.EINTR:
			return nil, nil
		case unix.ENOSYS, unix.EPERM: // EPERM: refused by a sandbox
			l.coarse = true
		default:
			return nil, os.NewSyscallError("epoll_pwait2", err)
		}
	}
	n, err := unix.EpollWait(l.fd, l.events[:], int((d+time.Millisecond-1)/time.Millisecond))
	if err == unix.EINTR {
		return nil, nil
	}
	return l.events[:max(n, 0)], os.NewSyscallError("epoll_wait", err)
}

// Close closes all sockets, and the loop.
func (l *Loop) Close() {
	for _, s := range l.sockets {
		if s != nil {
			unix.Close(s.fd)
		}
	}
	l.sockets = nil
	unix.Close(l.fd)
}

// Socket is a socket that a Loop drives.
type Socket struct {
	loop    *Loop
	fd      int // -1 after Close
	handler Handler
	busy    bool // the socket has no room, or is not connected
}

// Open reports whether s has not been closed.
func (s *Socket) Open() bool { return s.fd >= 0 }

// Connected reports whether connecting has ended, with success or not.
func (s *Socket) Connected() bool { return !s.busy }

// Close closes s and removes it from the loop.
func (s *Socket) Close() {
	if s.fd >= 0 {
		s.loop.sockets[s.fd] = nil
		unix.Close(s.fd)
		s.fd = -1
	}
}

// Ignore removes s from the events of the loop, and leaves it open.
func (s *Socket) Ignore() error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(s.loop.fd, unix.EPOLL_CTL_DEL, s.fd, nil))
}

// Flush sends the bytes of out for which the socket has room. Step is called when it has room
// again.
func (s *Socket) Flush(out Outgoing) error {
	for !s.busy {
		p := out.Outgoing()
		if len(p) == 0 {
			return nil
		}
		n, err := unix.Write(s.fd, p)
		switch {
		case err == unix.EAGAIN:
			s.busy = true
		case err == unix.EINTR:
		case err != nil:
			return os.NewSyscallError("write", err)
		default:
			out.Took(n)
		}
	}
	return nil
}

// happened handles the events of s.
func (s *Socket) happened(events uint32) {
	if events&unix.EPOLLOUT != 0 {
		s.busy = false
	}
	var err error
	if events&^unix.EPOLLOUT != 0 {
		err = s.receive(events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
	}
	s.handler.Step(err)
}

// receive reads until no bytes are left. A read that does not fill the buffer is the last one,
// unless end is set: then the peer has ended the connection.
func (s *Socket) receive(end bool) error {
	for s.fd >= 0 {
		n, err := unix.Read(s.fd, s.loop.buf)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		if err := s.handler.Receive(s.loop.buf[:n]); err != nil || n < len(s.loop.buf) && !end {
			return err
		}
	}
	return nil
}
