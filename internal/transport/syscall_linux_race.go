//go:build linux && !purego && race

package transport

import "syscall"

// In race builds the calls are those of package syscall, which tell the detector that
// a write happens before the read that receives it. Package net tells it there too; a
// call of another package would be no part of that order, and the detector would
// report races between a peer that uses package net and this one that are none.

func sysRead(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Read(fd, p)) }

func sysWrite(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Write(fd, p)) }

func sysWritev(fd int, bufs [][]byte) (int, syscall.Errno) { return sysWrite(fd, bufs[0]) }

func result(n int, err error) (int, syscall.Errno) {
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	return n, 0
}
