package websocket

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// The way out: the caller → Write → pending → flush → send → socket. Whoever
// finds nobody writing writes for all who queued meanwhile; whoever finds
// somebody leaves the frame in pending and goes on.

const (
	holdBytes    = 16 << 10 // so much held back leaves at once
	pendingBytes = 64 << 10 // so much pending makes writers wait
	vectorBytes  = 16 << 10 // a payload from here on is not copied but written from where it is
	flushRounds  = 16       // so often a writer writes for others before it hands over
)

// writer is the sending half of a Conn.
type writer struct {
	batch atomic.Bool // complete frames wait to be read: replies may be held back for those to come

	mu      sync.Mutex
	encoder codec.Encoder
	pending *pool.Buffer  // whole frames, in the order of their sending; nil for none
	control *pool.Buffer  // a Pong that goes ahead of them; nil for none
	writing bool          // a goroutine is in send, without the lock
	changed chan struct{} // closed when writing or pending has changed; nil if nobody waits
	hold    *time.Timer   // ends the holding back, once there was some
	holding bool
	err     error // why nothing can be sent any more

	header  [codec.MaxHeaderSize]byte // of the payload that is not copied
	vectors [4][]byte
	buffers net.Buffers // the part of vectors that is not written yet
}

// Write sends a message of type OpText, which has to be UTF-8, or OpBinary. It
// may be called from any number of goroutines; each message goes out whole. p is
// not changed, and not retained.
//
// Write returns when the message is on its way: in the socket, or behind what
// another goroutine is writing at this moment, or held back for at most
// Options.Hold while further received messages wait to be read. An error of the
// network that comes later is reported by the next call, and by Read.
//
// If much is pending, Write waits for the peer to take it. If ctx ends
// meanwhile, Write returns ctx.Err(), and nothing of the message was or will be
// sent. A peer that takes nothing for Options.WriteTimeout loses the connection.
// After Close, Write returns ErrClosed.
func (c *Conn) Write(ctx context.Context, op Opcode, p []byte) error {
	if !op.IsData() {
		return ErrMessageType
	}
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(p) >= vectorBytes && c.role == RoleServer && vectored(c.nc) {
		return c.writeLarge(ctx, op, p)
	}
	for w.writing && size(w.pending) >= pendingBytes {
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
	if err := w.append(op, p); err != nil {
		return err
	}
	return c.leave()
}

// writeLarge sends a message from where it is, in one system call with what was
// pending before it.
func (c *Conn) writeLarge(ctx context.Context, op Opcode, p []byte) error {
	w := &c.out
	for w.writing {
		if err := w.waitChange(ctx); err != nil {
			return err
		}
	}
	h := codec.Header{Fin: true, Opcode: op, Length: uint64(len(p))}
	if err := w.check(&h); err != nil {
		return err
	}
	c.sendLocked(codec.AppendHeader(w.header[:0], h), p)
	return c.flushLocked()
}

// append puts a frame behind those that are pending.
func (w *writer) append(op Opcode, p []byte) error {
	h := codec.Header{Fin: true, Opcode: op, Length: uint64(len(p))}
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

// newKey returns a masking key. "The masking key MUST be derived from a strong
// source of entropy" RFC 6455 §5.3: the top-level source of math/rand/v2 is a
// ChaCha8 generator per thread that the runtime seeds from the system.
func newKey() (key [4]byte) {
	k := rand.Uint32()
	return [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
}

func appendFrame(b *pool.Buffer, h codec.Header, p []byte) *pool.Buffer {
	need := size(b) + codec.SizeFrame(h, len(p))
	if b == nil {
		b = pool.Get(need)
	} else {
		b = pool.Grow(b, need)
	}
	b.B = codec.AppendFrame(b.B, h, p)
	return b
}

func size(b *pool.Buffer) int {
	if b == nil {
		return 0
	}
	return len(b.B)
}

// leave decides when what is pending is sent: by whoever is writing, later with
// the replies to come, or now.
func (c *Conn) leave() error {
	w := &c.out
	if w.writing {
		return nil
	}
	if w.batch.Load() && size(w.pending) < holdBytes && c.settings.Hold > 0 {
		c.holdLocked()
		return nil
	}
	return c.flushLocked()
}

// holdLocked bounds the time for which replies are held back, even if the
// application stalls.
func (c *Conn) holdLocked() {
	w := &c.out
	if w.holding {
		return
	}
	w.holding = true
	if w.hold == nil {
		w.hold = time.AfterFunc(c.settings.Hold, c.flush)
	} else {
		w.hold.Reset(c.settings.Hold)
	}
}

// flush sends what is pending, unless somebody is writing, who will.
func (c *Conn) flush() {
	w := &c.out
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.writing {
		c.flushLocked()
	}
}

// flushLocked sends until nothing is pending. It must not be called while
// somebody is writing. While it sends it gives up the lock.
func (c *Conn) flushLocked() error {
	w := &c.out
	for round := 0; w.err == nil && (w.pending != nil || w.control != nil); round++ {
		if round == flushRounds {
			go c.flush() // others keep queueing: the caller's own frames are long gone
			break
		}
		c.sendLocked(nil, nil)
	}
	return w.err
}

// sendLocked sends what is pending and then header and payload in one system
// call. Meanwhile it gives up the lock.
func (c *Conn) sendLocked(header, payload []byte) {
	w := &c.out
	if w.holding {
		w.holding = false
		w.hold.Stop()
	}
	control, pending := w.control, w.pending
	w.control, w.pending = nil, nil
	w.writing = true
	w.mu.Unlock()
	err := c.send(control, pending, header, payload)
	pool.Put(control)
	pool.Put(pending)
	w.mu.Lock()
	w.writing = false
	w.signal()
	if err != nil {
		w.fail(err)
		c.nc.Close() // ends the read under way
	}
}

// send writes its arguments, in this order, to the socket.
func (c *Conn) send(control, pending *pool.Buffer, header, payload []byte) error {
	w := &c.out
	if c.settings.WriteTimeout > 0 {
		c.nc.SetWriteDeadline(now().Add(c.settings.WriteTimeout))
	}
	w.buffers = w.vectors[:0]
	if control != nil {
		w.buffers = append(w.buffers, control.B)
	}
	if pending != nil {
		w.buffers = append(w.buffers, pending.B)
	}
	if header != nil {
		w.buffers = append(w.buffers, header, payload)
	}
	var err error
	if len(w.buffers) == 1 {
		_, err = c.nc.Write(w.buffers[0])
	} else {
		_, err = w.buffers.WriteTo(c.nc)
	}
	w.vectors = [4][]byte{} // forget the caller's payload
	return err
}

// vectored reports whether nc takes several slices in one system call.
func vectored(nc net.Conn) bool {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}

// waitChange waits until a write has ended. Meanwhile it gives up the lock.
func (w *writer) waitChange(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	changed := w.changed
	w.mu.Unlock()
	defer w.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// signal wakes those who wait for a change.
func (w *writer) signal() {
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// fail makes err what every later write returns, and drops what is pending.
func (w *writer) fail(err error) {
	if w.err == nil {
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.err = fmt.Errorf("websocket: write: %w", ErrTimeout)
		case errors.Is(err, net.ErrClosed):
			w.err = ErrClosed
		default:
			w.err = fmt.Errorf("websocket: write: %w", err)
		}
	}
	pool.Put(w.control)
	pool.Put(w.pending)
	w.control, w.pending = nil, nil
	if w.holding {
		w.holding = false
		w.hold.Stop()
	}
	w.signal()
}
