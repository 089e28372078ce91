// Package transport moves the bytes of a connection: through the descriptor of a
// socket where the system allows it, and through the net.Conn elsewhere.
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

// Room for one read, in bytes. A portable read holds it while it waits: as long as
// little comes, SmallRead. PortableRead is two records of TLS, which hand out one each.
// LargeRead is for input that is known to wait.
const (
	SmallRead    = 4 << 10
	PortableRead = 32 << 10
	LargeRead    = 128 << 10
)

// busyReads is how many small portable reads one after the other show that little comes.
const busyReads = 8

// Transport is a net.Conn and, for TCP and Unix sockets on Linux, its descriptor.
// One goroutine may receive and one may send at the same time; the other methods may
// be called concurrently.
type Transport struct {
	nc  net.Conn
	raw *raw // nil on other systems, for other connections, and with the tag purego

	took atomic.Int64 // the Instant at which the system last took a part of a Send
	busy uint8        // so many more small portable reads have room for large ones
}

// Init takes nc over.
func (t *Transport) Init(nc net.Conn) {
	t.nc, t.raw = nc, newRaw(nc)
}

// Conn returns the net.Conn.
func (t *Transport) Conn() net.Conn { return t.nc }

// Raw reports whether the descriptor is used directly.
func (t *Transport) Raw() bool { return t.raw != nil }

// Receive reads at least one byte, or fails: into payload or, if that is nil, into d.
// An empty d holds no buffer while Receive waits on a descriptor, or for payload.
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

// room returns the room in d for a portable read.
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
	room := d.Space(fit) // most often in the buffer of the last read
	if len(room) > fit || pool.Poisoned {
		d.Release()
		room = d.Space(fit)
	}
	return room
}

// Await blocks until there is input or the read deadline has passed. It needs a
// descriptor; see Raw.
func (t *Transport) Await() error { return t.raw.await() }

// TrySendOne sends the part of b that the system takes at once, and returns its size.
// A portable transport cannot tell: with nonblocking set it sends nothing, otherwise
// it sends all of b and may block.
func (t *Transport) TrySendOne(b []byte, nonblocking bool) (int, error) {
	switch {
	case t.raw != nil:
		return t.raw.trySendOne(b)
	case nonblocking:
		return 0, nil
	}
	return len(b), t.sendPieces(b)
}

// tryTime bounds an attempt to send on a portable socket that may have to wait, sureTime
// one that has the room: then only a busy machine takes so long.
const (
	tryTime  = time.Millisecond
	sureTime = time.Second
)

// TrySend sends the part of rest that the system takes at once, and removes it from
// rest. A portable transport sends nothing, unless nonblocking is set and the
// net.Conn survives an interrupted write.
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

// SendNow sends the part of rest that goes without waiting, on a connection that is
// closed next.
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

// Send sends all of rest and blocks while the peer takes nothing. Abort or Close ends
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

// sendPieces sends all of b: at once if the system reports progress, otherwise in
// pieces that do.
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

// WriteAll writes all of b to nc or fails, also for a net.Conn that breaks the rules
// of io.Writer and returns neither all of it nor an error.
func WriteAll(nc net.Conn, b []byte) error {
	n, err := nc.Write(b)
	if err == nil && n < len(b) {
		return io.ErrShortWrite
	}
	return err
}

// unknownBytes is what a connection takes at once most often, of which nothing is known.
const unknownBytes = 8 << 10

// MayBlock reports whether sending n bytes may wait for the peer where Send and
// TrySendOne are not told to return.
func (t *Transport) MayBlock(n int) bool {
	if t.raw != nil || t.Vectored() {
		return false
	}
	if room, known := room(t.nc); known {
		return n > room
	}
	return n > unknownBytes
}

// Vectored reports whether several slices are sent in one system call, and an
// interrupted write does no harm.
func (t *Transport) Vectored() bool {
	switch t.nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// SetReadDeadline sets the deadline of the net.Conn; the zero time is none.
func (t *Transport) SetReadDeadline(by time.Time) { t.nc.SetReadDeadline(by) }

// TookAt returns when the system last took bytes of a Send that had to wait; Never if
// none did.
func (t *Transport) TookAt() instant.Instant { return instant.Instant(t.took.Load()) }

// Held returns how many bytes the system holds for the peer: not sent, or not
// acknowledged.
func (t *Transport) Held() (n int, known bool) { return held(t.nc) }

// Acknowledged returns a number that changes when the system of the peer acknowledges
// bytes, as far as the system tells.
func (t *Transport) Acknowledged() (n int, known bool) { return acknowledged(t.nc) }

// Quiet reports whether there is certainly no unread input.
func (t *Transport) Quiet() bool { return t.raw != nil && t.raw.quiet() }

// Close closes the connection.
func (t *Transport) Close() { t.nc.Close() }

// Reset closes the connection without delivering what the system holds for the peer,
// which would take minutes if the peer takes nothing. A layer such as TLS is closed
// last, since it would block for its final alert.
func (t *Transport) Reset() {
	nc := innermost(t.nc)
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
	t.nc.Close()
}
