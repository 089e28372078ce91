//go:build linux && !purego

package transport

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketOf returns the socket below nc, or nil if there is none.
func socketOf(nc net.Conn) syscall.RawConn {
	switch nc := innermost(nc).(type) {
	case *net.TCPConn:
		raw, _ := nc.SyscallConn()
		return raw
	case *net.UnixConn:
		raw, _ := nc.SyscallConn()
		return raw
	}
	return nil
}

// held returns how many bytes the system holds for the peer of nc: not sent, or not
// acknowledged.
func held(nc net.Conn) (n int, known bool) {
	raw := socketOf(nc)
	if raw == nil {
		return 0, false
	}
	var err error
	failed := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ) })
	return n, failed == nil && err == nil
}

// acknowledged returns a number that changes when the peer of nc takes bytes. For TCP
// that is not the number of held bytes: a blocked send fills the socket again at once,
// so that it stays the same.
func acknowledged(nc net.Conn) (n int, known bool) {
	raw := socketOf(nc)
	if _, tcp := innermost(nc).(*net.TCPConn); !tcp || raw == nil {
		return held(nc)
	}
	var err error
	failed := raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = int(info.Bytes_acked)
		}
	})
	return n, failed == nil && err == nil
}

// room returns how many bytes the socket below nc takes at once. It leaves half of the
// socket's buffer for the overhead of the system.
func room(nc net.Conn) (n int, known bool) {
	raw := socketOf(nc)
	if raw == nil {
		return 0, false
	}
	var err error
	failed := raw.Control(func(fd uintptr) {
		var size, unsent int
		if size, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF); err == nil {
			unsent, err = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		}
		n = size/2 - unsent
	})
	return n, failed == nil && err == nil
}

// Unacknowledged reports whether the system of a TCP peer has certainly not
// acknowledged everything that was sent.
func (t *Transport) Unacknowledged() bool {
	_, tcp := innermost(t.nc).(*net.TCPConn)
	n, known := held(t.nc)
	return tcp && known && n > 0
}

// PeerGone reports whether the peer has certainly closed its end, or reset the
// connection, without reading input.
func (t *Transport) PeerGone() (gone bool) {
	raw := socketOf(t.nc)
	if raw == nil {
		return false
	}
	err := raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		if n, err := unix.Poll(fds, 0); err == nil && n > 0 {
			gone = fds[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
		}
	})
	return err == nil && gone
}
