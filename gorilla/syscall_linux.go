//go:build !race && (amd64 || arm64)

package websocket

import (
	"syscall"
	"unsafe"
)

// sysRead reads into p, which is not empty, without notifying the scheduler. The system calls of
// sockets are cheaper than those of files.
func sysRead(fd int, p []byte) (int, syscall.Errno) {
	return sysCall(syscall.SYS_RECVFROM, fd, p, 0)
}

// sysWrite writes p, which is not empty, without notifying the scheduler.
func sysWrite(fd int, p []byte) (int, syscall.Errno) {
	return sysCall(syscall.SYS_SENDTO, fd, p, syscall.MSG_NOSIGNAL)
}

func sysCall(trap uintptr, fd int, p []byte, flags uintptr) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}
