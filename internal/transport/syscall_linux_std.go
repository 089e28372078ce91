//go:build linux && !purego && (race || 386 || s390x)

package transport

import "syscall"

// Race builds use the calls of package syscall, which notify the race detector that a
// write happens before the read that receives its bytes. Package net uses the same calls.
// With other calls, the detector would report false races with a peer that uses package
// net. On 386 and s390x, Linux before 4.3 has no system calls for sockets alone.

func sysRead(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Read(fd, p)) }

func sysWrite(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Write(fd, p)) }

func sysWritev(fd int, bufs [][]byte) (int, syscall.Errno) { return sysWrite(fd, bufs[0]) }

func result(n int, err error) (int, syscall.Errno) {
	if err != nil {
		return 0, err.(syscall.Errno)
	}
	return n, 0
}
