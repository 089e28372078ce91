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

// raw is the descriptor of a TCP or Unix socket. syscall.RawConn calls the function
// that it is given, and waits for readiness if that returns false: so room is taken
// only when there is input.
type raw struct {
	conn syscall.RawConn

	// Arguments and results of the functions below, which exist once per socket so
	// that a call allocates nothing.
	readable func(fd uintptr) bool
	decoder  *codec.Decoder // nil for await
	payload  []byte
	n        int // 0 at the end of input
	readErr  syscall.Errno

	writeErr syscall.Errno
	writable func(fd uintptr) bool
	one      []byte        // to be sent, if rest is nil
	rest     *net.Buffers  // to be sent
	took     *atomic.Int64 // where to note that a part was sent, and to wait until all is; nil to return when the socket is full
}

// newRaw returns nil if nc is no socket.
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

// await waits for input. Readiness that was reported before is not reported again, so that
// it looks once.
func (r *raw) await() error {
	r.decoder, r.n = nil, 0
	return r.conn.Read(r.readable)
}

// awaited reports whether there is input, in the first call by looking.
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

// room asks for a large buffer, unless received bytes wait in the one there is.
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

// send notes in took when a part was sent.
func (r *raw) send(rest *net.Buffers, took *atomic.Int64) error { return r.call(rest, took) }

// trySendOne returns how much of b was sent without blocking.
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

// write writes until all is sent or the socket is full. It returns false if it has to
// be called again when there is room.
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

// consume removes the first n bytes from bufs, and slices that are empty then.
func consume(bufs *net.Buffers, n int) {
	for len(*bufs) > 0 && n >= len((*bufs)[0]) {
		n -= len((*bufs)[0])
		*bufs = (*bufs)[1:]
	}
	if n > 0 {
		(*bufs)[0] = (*bufs)[0][n:]
	}
}
