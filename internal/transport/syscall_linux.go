//go:build linux && !purego && !race

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

// sysRead reads into p. It does not notify the scheduler if len(p) is at most LargeRead:
// the duration of a read depends on the input that waits, which is usually less.
func sysRead(fd int, p []byte) (int, syscall.Errno) {
	call := syscall.RawSyscall
	if len(p) > LargeRead {
		call = syscall.Syscall
	}
	n, _, err := call(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return result(n, err)
}

func sysWrite(fd int, p []byte) (int, syscall.Errno) {
	if len(p) < briefBytes {
		n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return result(n, err)
	}
	n, _, err := syscall.Syscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
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
