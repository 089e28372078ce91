//go:build linux && (race || !(amd64 || arm64))

package websocket

import "syscall"

// Race builds use the calls of package syscall, as package net does: they report to the race
// detector that a write happens before the read that receives its bytes.

func sysRead(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Read(fd, p)) }

func sysWrite(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Write(fd, p)) }

func result(n int, err error) (int, syscall.Errno) {
	if err, ok := err.(syscall.Errno); ok {
		return 0, err
	}
	return n, 0
}
