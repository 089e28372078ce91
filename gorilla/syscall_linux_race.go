//go:build race

package websocket

import "syscall"

// The functions of package syscall report memory accesses to the race detector.

func sysRead(fd int, p []byte) (int, syscall.Errno)  { return result(syscall.Read(fd, p)) }
func sysWrite(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Write(fd, p)) }

func result(n int, err error) (int, syscall.Errno) {
	if err, ok := err.(syscall.Errno); ok {
		return 0, err
	}
	return n, 0
}
