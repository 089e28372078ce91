package websocket

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// The way out: the caller → Write → pending → flush → send → socket. This file
// puts frames into pending; conn_send.go sends them; conn_queue.go bounds them.

const (
	vectorBytes = 16 << 10           // a payload from here on is not copied to pending but written from where it is
	batchBytes  = 32 << 10           // or from here on, if its reply can leave with others
	holdRoom    = holdBytes + 32<<10 // room for pending where replies are held back
)

// writer is the sending half of a Conn. All but batch and held is guarded by mu.
type writer struct {
	batch atomic.Bool // complete frames wait to be read: replies may be held back for those to come
	held  atomic.Bool // something pending waits for whoever reads to send it

	mu        sync.Mutex
	encoder   codec.Encoder
	pending   *pool.Buffer  // whole frames, in the order of their sending; nil for none
	pong      *pool.Buffer  // the Pong that goes ahead of them; nil for none
	ping      *pool.Buffer  // the Pings that do; nil for none
	streaming bool          // a Writer is open: other messages wait for its end
	holding   bool          // something is held back: hold runs
	changed   chan struct{} // closed when one of these has changed; nil if nobody waits
	hold      *time.Timer   // ends the holding back, once there was some
	message   instant       // when the last message was written, if there is an IdleTimeout
	err       error         // why nothing can be sent any more
	sending   *sending      // what somebody sends at this moment; nil if nobody does
}

// Write sends a message of type OpText, which has to be UTF-8, or OpBinary. It
// may be called from any number of goroutines; each message goes out whole. p is
// not changed, and not retained.
//
// Write returns when the message is on its way: in the socket, or behind what
// another goroutine is writing at this moment, or held back for at most
// Options.FlushDelay while further received messages wait to be read. An error of the
// network that comes later is reported by the next call, and by reads.
//
// While the peer takes nothing, Write does as Options.Overflow says. If it waits
// and ctx ends, Write returns ctx.Err(): nothing of the message was sent, or the
// library sends what is left of it; in any case the connection is whole. A peer
// that takes nothing for Options.WriteTimeout loses the connection. After Close,
// Write returns ErrClosed.
//
// Only TCP and Unix sockets can be left while they send: over TLS a Write that is
// sending for all minds WriteTimeout, and not ctx.
func (c *Conn) Write(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	if c.deflate != nil && len(p) >= c.deflate.threshold {
		return c.writeCompressed(ctx, op, p)
	}
	return c.WriteUncompressed(ctx, op, p)
}

// WriteUncompressed is Write for a message that is not to be compressed, where others are:
// because it holds a secret (see Compression), or is compressed already.
func (c *Conn) WriteUncompressed(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.role == RoleServer && len(p) < w.copyBelow() && w.ready() {
		w.reserve(len(p))
		if b, ok := w.encoder.Message(w.pending.B, op, p); ok {
			w.pending.B = b
			c.noteSent(op, len(p))
			return c.leave(ctx)
		}
	}
	return c.writeFrame(ctx, codec.Header{Fin: true, Opcode: op}, p, len(p))
}

// writeFrame sends a message of n bytes as one frame with the payload p.
func (c *Conn) writeFrame(ctx context.Context, h codec.Header, p []byte, n int) error {
	if len(p) >= c.out.copyBelow() && c.sendsInPlace() {
		return c.writeInPlace(ctx, h, p, n)
	}
	if err := c.append(ctx, h, p); err != nil {
		return err
	}
	c.noteSent(h.Opcode, n)
	return c.leave(ctx)
}

// copyBelow is the size below which a payload is copied to pending.
func (w *writer) copyBelow() int {
	if w.batch.Load() {
		return batchBytes
	}
	return vectorBytes
}

// ready reports whether a message may be put into pending at once.
func (w *writer) ready() bool {
	return w.err == nil && w.sending == nil && !w.streaming && !w.encoder.Closed()
}

// empty reports whether nothing is pending.
func (w *writer) empty() bool { return w.pending == nil && w.ping == nil && w.pong == nil }

// reserve makes room in pending for the frame of a payload of n bytes, and for
// the replies to come if there are some.
func (w *writer) reserve(n int) {
	switch {
	case w.pending == nil && w.batch.Load():
		w.pending = pool.Get(max(holdRoom, codec.MaxHeaderSize+n))
	case w.pending == nil:
		w.pending = pool.Get(codec.MaxHeaderSize + n)
	case cap(w.pending.B)-len(w.pending.B) < codec.MaxHeaderSize+n:
		w.pending = pool.Grow(w.pending, len(w.pending.B)+codec.MaxHeaderSize+n)
	}
}

// sendsInPlace reports whether large payloads can be sent from where they are: a
// client's have to be masked, and where writes must not wait the caller would
// have its slice back too early.
func (c *Conn) sendsInPlace() bool {
	return c.role == RoleServer && c.settings.Overflow == Block && c.socket.vectored()
}

// writeInPlace sends a frame whose payload stays where it is, in one system call
// with what was pending before it. The message has n bytes.
func (c *Conn) writeInPlace(ctx context.Context, h codec.Header, p []byte, n int) error {
	w := &c.out
	for w.sending != nil || w.streaming {
		if err := w.waitTurn(ctx); err != nil {
			return err
		}
	}
	h.Length = uint64(len(p))
	if err := w.check(&h); err != nil {
		return err
	}
	c.noteSent(h.Opcode, n)
	if err := c.send(ctx, h, p); err != nil {
		return err
	}
	return c.flushLocked(ctx)
}

// append puts a data frame behind those that are pending, as soon as it may be.
func (c *Conn) append(ctx context.Context, h codec.Header, p []byte) error {
	if err := c.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	return c.out.append(h, p)
}

// append puts a frame behind those that are pending.
func (w *writer) append(h codec.Header, p []byte) error {
	h.Length = uint64(len(p))
	if err := w.check(&h); err != nil {
		return err
	}
	w.pending = appendFrame(w.pending, h, p)
	return nil
}

// check reports why a frame with header h cannot be sent, or counts it as sent.
// For a client it sets a fresh masking key.
func (w *writer) check(h *codec.Header) error {
	if w.err != nil {
		return w.err
	}
	if err := w.encoder.Check(h); err != nil {
		if err == codec.ErrAfterClose {
			return ErrClosed
		}
		return fmt.Errorf("websocket: %w", err)
	}
	if h.Masked {
		h.Key = newKey()
	}
	return nil
}

// newKey returns a masking key. "The masking key needs to be unpredictable"
// RFC 6455 §5.3: the top-level source of math/rand/v2 is a ChaCha8 generator
// per thread that the runtime seeds from the system.
func newKey() (key [4]byte) {
	k := rand.Uint32()
	return [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
}

// appendFrame appends a frame to b, which may be nil.
func appendFrame(b *pool.Buffer, h codec.Header, p []byte) *pool.Buffer {
	b = room(b, codec.SizeFrame(h, len(p)))
	b.B = codec.AppendFrame(b.B, h, p)
	return b
}

// room returns b, which may be nil, with room for n bytes more.
func room(b *pool.Buffer, n int) *pool.Buffer {
	if b == nil {
		return pool.Get(n)
	}
	return pool.Grow(b, len(b.B)+n)
}

func size(b *pool.Buffer) int {
	if b == nil {
		return 0
	}
	return len(b.B)
}

func (c *Conn) noteSent(op Opcode, n int) {
	if c.settings.IdleTimeout > 0 {
		c.out.message = now()
	}
	if c.settings.Hooks.Sent != nil {
		c.settings.Hooks.Sent(c, op, n)
	}
}

// sendControl sends a Ping or a Pong. If nobody is writing it goes out like any
// message. Else it overtakes what is pending, and of Pongs only the last one is
// kept: "an endpoint MAY elect to send a Pong frame for only the most recently
// processed Ping frame" RFC 6455 §5.5.3. So a flood of Pings costs no memory.
func (c *Conn) sendControl(ctx context.Context, op Opcode, p []byte) error {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	h := codec.Header{Fin: true, Opcode: op, Length: uint64(len(p))}
	if err := w.check(&h); err != nil {
		return err
	}
	switch {
	case w.sending == nil:
		w.pending = appendFrame(w.pending, h, p)
		return c.leave(ctx)
	case op == codec.OpPing:
		w.ping = appendFrame(w.ping, h, p)
	default:
		if w.pong != nil {
			w.pong.B = w.pong.B[:0]
		}
		w.pong = appendFrame(w.pong, h, p)
	}
	return nil
}

// sendClose sends a Close frame behind what is pending, unless one was sent.
func (c *Conn) sendClose(code StatusCode, reason string) {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	var payload [codec.MaxControlPayload]byte
	p, err := codec.AppendClose(payload[:0], code, reason)
	if err != nil || w.append(codec.Header{Fin: true, Opcode: codec.OpClose}, p) != nil {
		return
	}
	w.signal() // whoever waits to write need not wait longer
	c.flushLocked(context.Background())
}
