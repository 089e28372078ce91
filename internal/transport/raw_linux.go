//go:build linux && !purego

package transport

import (
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
)

// raw is the descriptor of a TCP or Unix socket. Methods of syscall.RawConn call a
// function, and wait for readiness if it returns false. So a buffer is held only while
// there is input.
type raw struct {
	conn syscall.RawConn

	// Arguments and results of the functions readable and writable. They exist once per
	// socket so that a call does not allocate.
	readable func(fd uintptr) bool
	decoder  *codec.Decoder // nil for await
	payload  []byte
	n        int // 0 at the end of input
	readErr  syscall.Errno

	writeErr syscall.Errno
	writable func(fd uintptr) bool
	one      []byte        // to be sent, if rest is nil
	rest     *net.Buffers  // to be sent
	took     *atomic.Int64 // time of the last progress of a blocking send; nil to return when the socket is full
}

// newRaw returns nil if nc is neither a TCP nor a Unix socket.
func newRaw(nc net.Conn) *raw {
	var conn syscall.RawConn
	switch nc := nc.(type) {
	case *net.TCPConn:
		conn, _ = nc.SyscallConn()
	case *net.UnixConn:
		conn, _ = nc.SyscallConn()
	}
	if conn == nil {
		return nil
	}
	r := &raw{conn: conn}
	r.readable, r.writable = r.read, r.write
	return r
}

// await waits for input. It first checks the socket, because the poller does not report
// readiness again that it has reported before.
func (r *raw) await() error {
	r.decoder, r.n = nil, 0
	return r.conn.Read(r.readable)
}

// awaited reports whether there is input. The first call checks the socket; the next one
// follows a report of the poller.
func (r *raw) awaited(fd uintptr) bool {
	r.n++
	return r.n > 1 || inputWaits(fd)
}

func inputWaits(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&b)), 1, syscall.MSG_PEEK, 0, 0)
	return err != syscall.EAGAIN && err != syscall.EINTR
}

func (r *raw) quiet() (quiet bool) {
	err := r.conn.Read(func(fd uintptr) bool {
		quiet = !inputWaits(fd)
		return true
	})
	return err == nil && quiet
}

func (r *raw) receive(d *codec.Decoder, payload []byte) (int, error) {
	r.decoder, r.payload, r.n, r.readErr = d, payload, 0, 0
	if err := r.conn.Read(r.readable); err != nil {
		return 0, err
	}
	if payload == nil {
		d.Commit(r.n)
	}
	r.payload = nil
	switch {
	case r.readErr != 0:
		return 0, os.NewSyscallError("read", r.readErr)
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// read reads once. It returns false if there is no input.
func (r *raw) read(fd uintptr) bool {
	if r.decoder == nil {
		return r.awaited(fd)
	}
	room := r.payload
	if room == nil {
		room = r.room()
	}
	for {
		n, err := sysRead(int(fd), room)
		switch err {
		case 0:
			r.n = n
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			r.decoder.Release()
			return false
		default:
			r.readErr = err
		}
		return true
	}
}

// room returns the space for a read. It asks for a large buffer, unless the current one
// holds received bytes and has enough space.
func (r *raw) room() []byte {
	if r.decoder.Buffered() == 0 {
		return r.decoder.Space(LargeRead)
	}
	if room := r.decoder.Space(1); len(room) >= SmallRead {
		return room
	}
	return r.decoder.Space(LargeRead - r.decoder.Buffered())
}

func (r *raw) trySend(rest *net.Buffers) error { return r.call(rest, nil) }

// send sends all of rest, and stores in took the time at which a part was sent.
func (r *raw) send(rest *net.Buffers, took *atomic.Int64) error { return r.call(rest, took) }

// trySendOne sends b without blocking, and returns how many bytes were sent.
func (r *raw) trySendOne(b []byte) (int, error) {
	r.one = b
	err := r.call(nil, nil)
	n := len(b) - len(r.one)
	r.one = nil
	return n, err
}

func (r *raw) call(rest *net.Buffers, took *atomic.Int64) error {
	r.rest, r.took, r.writeErr = rest, took, 0
	if err := r.conn.Write(r.writable); err != nil {
		return err
	}
	if r.writeErr != 0 {
		return os.NewSyscallError("write", r.writeErr)
	}
	return nil
}

// write writes until everything is sent or the socket is full. It returns false if it has
// to be called again when the socket has room.
func (r *raw) write(fd uintptr) bool {
	for r.unsent() {
		switch err := r.writeSome(int(fd)); err {
		case 0:
			if r.took != nil {
				r.took.Store(int64(instant.Now()))
			}
		case syscall.EINTR:
		case syscall.EAGAIN:
			return r.took == nil
		default:
			r.writeErr = err
			return true
		}
	}
	return true
}

func (r *raw) unsent() bool { return len(r.one) > 0 || r.rest != nil && len(*r.rest) > 0 }

func (r *raw) writeSome(fd int) syscall.Errno {
	if r.rest == nil {
		n, err := sysWrite(fd, r.one)
		r.one = r.one[n:]
		return err
	}
	n, err := sysWritev(fd, *r.rest)
	consume(r.rest, n)
	return err
}

// consume removes the first n bytes, and the slices that they fill, from bufs.
func consume(bufs *net.Buffers, n int) {
	for len(*bufs) > 0 && n >= len((*bufs)[0]) {
		n -= len((*bufs)[0])
		*bufs = (*bufs)[1:]
	}
	if n > 0 {
		(*bufs)[0] = (*bufs)[0][n:]
	}
}
