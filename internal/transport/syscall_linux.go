//go:build linux && !purego && !race && !386 && !s390x

package transport

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// briefBytes is the size, in bytes, below which a write does not notify the scheduler. The
// sockets are non-blocking, so that such a call takes microseconds at most. In an idle
// process, notifying the scheduler wakes its monitor thread.
const briefBytes = 16 << 10

// The system calls are those of sockets, recvfrom and sendto. They cost a sixth less than
// read and write, which first look for the kind of the file.

// sysRead reads into p. It does not notify the scheduler if len(p) is at most LargeRead:
// the duration of a read depends on the input that waits, which is usually less.
func sysRead(fd int, p []byte) (int, syscall.Errno) {
	if len(p) <= LargeRead {
		n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		return result(n, err)
	}
	n, _, err := syscall.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
	return result(n, err)
}

func sysWrite(fd int, p []byte) (int, syscall.Errno) {
	if len(p) < briefBytes {
		n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		return result(n, err)
	}
	n, _, err := syscall.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
	return result(n, err)
}

func sysWritev(fd int, bufs [][]byte) (int, syscall.Errno) {
	if len(bufs) == 1 {
		return sysWrite(fd, bufs[0])
	}
	n, err := unix.Writev(fd, bufs)
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	return n, 0
}

func result(n uintptr, err syscall.Errno) (int, syscall.Errno) {
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}
