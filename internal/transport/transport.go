// Package transport sends and receives the bytes of a connection. It uses the descriptor
// of a TCP or Unix socket on Linux, and the net.Conn otherwise ("portable").
package transport

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/instant"
	"github.com/zerowire/websocket/pool"
)

// Buffer sizes for one read, in bytes. A portable read holds its buffer while it waits, so
// that it begins with SmallRead, and uses PortableRead while much is received. That is the
// size of two TLS records, which are read one at a time. LargeRead is for input that is
// known to wait.
const (
	SmallRead    = 4 << 10
	PortableRead = 32 << 10
	LargeRead    = 128 << 10
)

// busyReads is the number of consecutive small reads after which a portable transport
// uses SmallRead again.
const busyReads = 8

// Transport is a net.Conn and, for TCP and Unix sockets on Linux, its descriptor.
// One goroutine may receive and one may send at the same time; the other methods may
// be called concurrently.
type Transport struct {
	nc  net.Conn
	raw *raw // nil on other systems, for other connections, and with the tag purego

	took atomic.Int64 // the Instant at which the system last took a part of a Send
	busy uint8        // the number of portable reads that still use PortableRead
}

// Init takes ownership of nc. Call it before all other methods.
func (t *Transport) Init(nc net.Conn) {
	t.nc, t.raw = nc, newRaw(nc)
}

// Conn returns the net.Conn.
func (t *Transport) Conn() net.Conn { return t.nc }

// Raw reports whether the Transport uses a descriptor.
func (t *Transport) Raw() bool { return t.raw != nil }

// Receive reads at least one byte into payload or, if payload is nil, into d. It returns
// the number of bytes; both n and err may be set. An empty d holds no buffer while Receive
// waits on a descriptor, or reads into payload.
func (t *Transport) Receive(d *codec.Decoder, payload []byte) (int, error) {
	if t.raw != nil {
		return t.raw.receive(d, payload)
	}
	if payload != nil || d.Buffered() > 0 {
		d.Release()
	}
	if payload != nil {
		return t.nc.Read(payload)
	}
	n, err := t.nc.Read(t.room(d))
	d.Commit(n)
	switch {
	case n >= SmallRead:
		t.busy = busyReads
	case err != nil:
		t.busy = 0
	case t.busy > 0:
		t.busy--
	}
	return n, err
}

// room returns the space in d for a portable read.
func (t *Transport) room(d *codec.Decoder) []byte {
	fit := SmallRead
	if t.busy > 0 {
		fit = PortableRead
	}
	if d.Buffered() > 0 {
		if room := d.Space(1); len(room) >= SmallRead {
			return room
		}
		return d.Space(fit)
	}
	room := d.Space(fit) // usually in the buffer of the last read
	if len(room) > fit || pool.Poisoned {
		d.Release()
		room = d.Space(fit)
	}
	return room
}

// Await blocks until there is input or the read deadline has passed. It needs a
// descriptor; see Raw.
func (t *Transport) Await() error { return t.raw.await() }

// TrySendOne sends the part of b that the system takes at once, and returns its size. A
// portable transport cannot limit a write to that part: it sends nothing if nonblocking
// is set, and otherwise sends all of b and may block.
func (t *Transport) TrySendOne(b []byte, nonblocking bool) (int, error) {
	switch {
	case t.raw != nil:
		return t.raw.trySendOne(b)
	case nonblocking:
		return 0, nil
	}
	return len(b), t.sendPieces(b)
}

// tryTime limits an attempt to send on a portable socket that may have no room. sureTime
// limits one that has room; only on a busy machine does that take so long.
const (
	tryTime  = time.Millisecond
	sureTime = time.Second
)

// TrySend sends the part of rest that the system takes at once, and removes it from
// rest. A portable transport sends nothing, unless nonblocking is set and the transport
// is Vectored.
func (t *Transport) TrySend(rest *net.Buffers, nonblocking bool) error {
	if t.raw != nil {
		return t.raw.trySend(rest)
	}
	if !nonblocking || !t.Vectored() {
		return nil
	}
	t.nc.SetWriteDeadline(time.Now().Add(tryTime))
	_, err := rest.WriteTo(t.nc)
	t.nc.SetWriteDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// SendNow sends as much of rest as is possible without waiting, on a connection that the
// caller closes next.
func (t *Transport) SendNow(rest *net.Buffers) {
	if t.raw != nil {
		t.raw.trySend(rest)
		return
	}
	size := 0
	for _, b := range *rest {
		size += len(b)
	}
	limit := tryTime
	if room, known := room(t.nc); known && size <= room {
		limit = sureTime
	}
	t.nc.SetWriteDeadline(time.Now().Add(limit))
	for _, b := range *rest {
		if WriteAll(t.nc, b) != nil {
			return
		}
	}
}

// pieceBytes is the largest single write to a connection whose progress the system
// cannot report.
const pieceBytes = 32 << 10

// Send sends all of rest, and blocks while the peer takes nothing. Close and Reset end
// it.
func (t *Transport) Send(rest *net.Buffers) error {
	if t.raw != nil {
		return t.raw.send(rest, &t.took)
	}
	for _, b := range *rest {
		if err := t.sendPieces(b); err != nil {
			return err
		}
	}
	return nil
}

// sendPieces sends all of b: at once if the system reports progress, and otherwise in
// pieces, to record the progress after each.
func (t *Transport) sendPieces(b []byte) error {
	piece := max(len(b), 1)
	if piece > pieceBytes && socketOf(t.nc) == nil {
		piece = pieceBytes
	}
	for ; len(b) > piece; b = b[piece:] {
		if err := WriteAll(t.nc, b[:piece]); err != nil {
			return err
		}
		t.took.Store(int64(instant.Now()))
	}
	return WriteAll(t.nc, b)
}

// WriteAll writes all of b to nc, or returns an error. It returns io.ErrShortWrite if nc
// violates the rules of io.Writer, and writes only a part without an error.
func WriteAll(nc net.Conn, b []byte) error {
	n, err := nc.Write(b)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// unknownBytes is the number of bytes that a connection is assumed to take at once if
// the system does not report its room.
const unknownBytes = 8 << 10

// MayBlock reports whether Send, or TrySendOne without nonblocking, may wait for the peer
// to take n bytes.
func (t *Transport) MayBlock(n int) bool {
	if t.raw != nil || t.Vectored() {
		return false
	}
	if room, known := room(t.nc); known {
		return n > room
	}
	return n > unknownBytes
}

// Vectored reports whether several slices are sent in one system call, and whether a
// write may be interrupted and continued, unlike over TLS.
func (t *Transport) Vectored() bool {
	switch t.nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// SetReadDeadline sets the read deadline of the net.Conn; the zero time means none.
func (t *Transport) SetReadDeadline(by time.Time) { t.nc.SetReadDeadline(by) }

// TookAt returns when the system last took bytes of a Send that had to wait. It returns
// Never if there was none.
func (t *Transport) TookAt() instant.Instant { return instant.Instant(t.took.Load()) }

// Held returns how many bytes the system holds for the peer: not sent, or not
// acknowledged.
func (t *Transport) Held() (n int, known bool) { return held(t.nc) }

// Acknowledged returns a number that changes when the system of the peer acknowledges
// bytes. known is false if the system does not report one.
func (t *Transport) Acknowledged() (n int, known bool) { return acknowledged(t.nc) }

// Quiet reports whether there is certainly no unread input.
func (t *Transport) Quiet() bool { return t.raw != nil && t.raw.quiet() }

// Close closes the connection.
func (t *Transport) Close() { t.nc.Close() }

// Reset closes the connection, and discards the data that the system holds for the peer.
// To deliver that data would take minutes if the peer takes nothing. Reset closes the
// socket before a layer such as TLS, which would otherwise block to send its final alert.
func (t *Transport) Reset() {
	nc := innermost(t.nc)
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
	t.nc.Close()
}
