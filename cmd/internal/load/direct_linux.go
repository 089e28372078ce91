package load

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const canTakeOver = true

// takeOver returns a descriptor of nc's socket that the runtime's poller does not
// know. nc may be closed.
func takeOver(nc net.Conn) (fd int, err error) {
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%w: %T", errNotDirect, nc)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	failed := raw.Control(func(own uintptr) {
		fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	})
	if failed != nil {
		err = failed
	}
	return fd, os.NewSyscallError("fcntl", err)
}

func closeSocket(fd int) { unix.Close(fd) }
