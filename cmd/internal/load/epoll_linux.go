package load

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller tells which of many sockets are ready. It is told of each socket once, and
// tells of it when something has changed (edge-triggered): so sockets must be read
// and written until they have no more.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
	coarse bool // the kernel knows no epoll_pwait2 (before Linux 5.11)
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &poller{fd: fd}, nil
}

// add watches fd, which is reported as number i.
func (p *poller) add(fd, i int) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | uint32(unix.EPOLLET&(1<<32-1)), Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &e))
}

// timespec is what epoll_pwait2 takes, on 32-bit systems too.
type timespec struct{ sec, nsec int64 }

// wait waits for at most d, and returns what is ready.
func (p *poller) wait(d time.Duration) ([]unix.EpollEvent, error) {
	d = max(d, 0)
	if !p.coarse {
		// Look first: to tell the scheduler that this thread may be away for a while,
		// as Syscall6 does, costs more than the call.
		var limit timespec
		n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)),
			uintptr(unsafe.Pointer(&limit)), 0, 0)
		if n == 0 && err == 0 && d > 0 {
			limit = timespec{int64(d / time.Second), int64(d % time.Second)}
			n, _, err = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)),
				uintptr(unsafe.Pointer(&limit)), 0, 0)
		}
		switch err {
		case 0:
			return p.events[:n], nil
		case unix.EINTR:
			return nil, nil
		case unix.ENOSYS, unix.EPERM: // EPERM: a sandbox that does not know it
			p.coarse = true
		default:
			return nil, os.NewSyscallError("epoll_pwait2", err)
		}
	}
	n, err := unix.EpollWait(p.fd, p.events[:], int((d+time.Millisecond-1)/time.Millisecond))
	if err == unix.EINTR {
		return nil, nil
	}
	return p.events[:max(n, 0)], os.NewSyscallError("epoll_wait", err)
}

// doze sleeps for d, which is short.
func doze(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&t)), 0, 0) // a signal may cut it short
}

func (p *poller) close() { unix.Close(p.fd) }
