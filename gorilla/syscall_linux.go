//go:build !race

package websocket

import (
	"syscall"
	"unsafe"
)

// sysRead reads into p, which is not empty, without notifying the scheduler.
func sysRead(fd int, p []byte) (int, syscall.Errno) { return sysCall(syscall.SYS_READ, fd, p) }

// sysWrite writes p, which is not empty, without notifying the scheduler.
func sysWrite(fd int, p []byte) (int, syscall.Errno) { return sysCall(syscall.SYS_WRITE, fd, p) }

func sysCall(trap uintptr, fd int, p []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}
