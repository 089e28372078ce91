package websocket

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// output is the sending half of a Conn. Between messages it holds no buffer.
//
// Locks are taken in this order: messages, lock.
type output struct {
	size     int         // payload bytes of a frame that is sent from a buffer
	pool     BufferPool  // the application's; nil for package pool
	deadline time.Time   // for messages
	messages sync.Mutex  // held while WriteMessage compresses, or sends the frames of a message
	lock     gate        // held while a frame is sent; guards the fields below
	timeless bool        // the network connection has no write deadline
	pair     [2][]byte   // memory of vector
	vector   net.Buffers // the bytes that are being sent

	err atomic.Pointer[error] // the error that ended writing: every later write returns it

	compress bool                // compression is enabled; no effect if deflate is nil
	level    int                 // as the application has set it
	deflate  *deflate.Compressor // nil if compression was not negotiated

	writer *messageWriter // the writer of the current message
	spare  []messageWriter
	begun  message // writer.go
}

const (
	// gathered is the maximum number of bytes that are copied to send them with one write.
	gathered = 64 << 10
	// copied is the maximum number of bytes of a server's message that are copied after its
	// header. The other bytes are sent without a copy.
	copied = 16 << 10
)

// BufferPool stores write buffers while no message is being written. [*sync.Pool] implements
// it. Get may return nil. The values have an unexported type of this package, and all have the
// same size: use a separate pool for each WriteBufferSize.
type BufferPool interface {
	Get() interface{} // returns a value that was passed to Put, or nil
	Put(interface{})  // stores a value for a later Get
}

// pooledBuffer is the type of the values in an application's pool.
type pooledBuffer pool.Buffer

// room returns the size of the buffers in an application's pool.
func (o *output) room() int { return codec.MaxHeaderSize + o.size }

// borrow returns an empty buffer for a frame of size bytes of payload.
func (o *output) borrow() *pool.Buffer {
	if o.pool == nil {
		return pool.Get(o.room())
	}
	if b, ok := o.pool.Get().(*pooledBuffer); ok && cap(b.B) >= o.room() {
		b.B = b.B[:0]
		return (*pool.Buffer)(b)
	}
	return &pool.Buffer{B: make([]byte, 0, o.room())}
}

func (o *output) giveBack(b *pool.Buffer) {
	if o.pool == nil {
		pool.Put(b)
		return
	}
	o.pool.Put((*pooledBuffer)(b))
}

// WriteMessage sends data as a message. A server sends it as one frame, a client as frames of
// WriteBufferSize. data is neither modified nor retained. WriteMessage and
// [Conn.WritePreparedMessage] may be called concurrently. messageType may be a control type,
// see [Conn.NextWriter].
func (c *Conn) WriteMessage(messageType int, data []byte) error {
	if c.out.writer != nil {
		c.out.writer.Close()
	}
	op := codec.Opcode(messageType)
	switch {
	case !isMessageType(messageType):
		return errMessageType
	case op.IsControl() && len(data) > codec.MaxControlPayload:
		return errControlFrame
	}
	if err := c.writeError(); err != nil {
		return err
	}
	packed := c.compresses(op)
	if c.role == codec.Server && !packed {
		return c.writeFrame(op, 0, data)
	}
	c.out.messages.Lock()
	defer c.out.messages.Unlock()
	if packed {
		return c.writeCompressed(op, data)
	}
	return c.writeMasked(op, 0, data)
}

func isMessageType(t int) bool {
	return t == TextMessage || t == BinaryMessage || t == CloseMessage || t == PingMessage || t == PongMessage
}

// writeFrames sends p as a message of type op: a server in one frame, a client in as many as
// necessary.
func (c *Conn) writeFrames(op codec.Opcode, rsv uint8, p []byte) error {
	if c.role == codec.Client {
		return c.writeMasked(op, rsv, p)
	}
	return c.writeFrame(op, rsv, p)
}

// writeFrame sends p as one frame of a server.
func (c *Conn) writeFrame(op codec.Opcode, rsv uint8, p []byte) error {
	h := c.frameHeader(op, rsv, true)
	h.Length = uint64(len(p))
	head := p[:min(len(p), copied)]
	own := c.out.pool == nil || len(head) > c.out.size
	b := c.borrowFor(len(head), own)
	b.B = append(codec.AppendHeader(b.B, h), head...)
	err := c.send(op, b.B, p[len(head):])
	c.giveBackTo(b, own)
	return err
}

// writeMasked sends p, masked, in frames of the buffer's size. Each write to the network
// contains several frames.
func (c *Conn) writeMasked(op codec.Opcode, rsv uint8, p []byte) error {
	own := c.out.pool == nil || len(p) > c.out.size
	frames := min(len(p), gathered)/c.out.size + 1
	b := c.borrowFor(min(len(p), max(gathered, c.out.size))+(frames-1)*codec.MaxHeaderSize, own)
	defer func() { c.giveBackTo(b, own) }()
	kind := op // opcode of the next frame
	for {
		part := p[:min(len(p), c.out.size)]
		p = p[len(part):]
		h := c.frameHeader(kind, rsv, len(p) == 0)
		if len(b.B) > 0 && len(b.B)+codec.SizeFrame(h, len(part)) > cap(b.B) {
			if err := c.send(codec.OpContinuation, b.B, nil); err != nil {
				return err
			}
			b.B = b.B[:0]
		}
		b.B = codec.AppendFrame(b.B, h, part)
		if len(p) == 0 {
			return c.send(op, b.B, nil)
		}
		kind, rsv = codec.OpContinuation, 0
	}
}

// borrowFor returns an empty buffer for n bytes and a header. If own is set, it is from
// package pool, otherwise from the application's pool, whose buffers must be large enough.
func (c *Conn) borrowFor(n int, own bool) *pool.Buffer {
	if own {
		return pool.Get(codec.MaxHeaderSize + n)
	}
	return c.out.borrow()
}

func (c *Conn) giveBackTo(b *pool.Buffer, own bool) {
	if own {
		pool.Put(b)
		return
	}
	c.out.giveBack(b)
}

// frameHeader returns the header of a frame to send, without its length. For a client it has a
// new key from a cryptographically strong generator (RFC 6455 §5.3).
func (c *Conn) frameHeader(op codec.Opcode, rsv uint8, fin bool) codec.Header {
	h := codec.Header{Fin: fin, RSV: rsv, Opcode: op, Masked: c.role == codec.Client}
	if h.Masked {
		binary.LittleEndian.PutUint32(h.Key[:], rand.Uint32())
	}
	return h
}

// send writes a and b, frames of a message of type op, to the network.
func (c *Conn) send(op codec.Opcode, a, b []byte) error {
	c.out.lock.acquire(time.Time{})
	defer c.out.lock.release()
	return c.sendLocked(op, c.out.deadline, a, b)
}

// sendLocked is send for a caller that holds the lock.
func (c *Conn) sendLocked(op codec.Opcode, deadline time.Time, a, b []byte) error {
	if err := c.writeError(); err != nil {
		return err
	}
	if !deadline.IsZero() || !c.out.timeless {
		c.conn.SetWriteDeadline(deadline)
		c.out.timeless = deadline.IsZero()
	}
	if err := c.writeBoth(a, b); err != nil {
		return c.failWrite(err)
	}
	if op == codec.OpClose {
		c.failWrite(ErrCloseSent)
	}
	return nil
}

func (c *Conn) writeBoth(a, b []byte) error {
	if len(b) == 0 {
		_, err := c.stream.Write(a)
		return err
	}
	c.out.pair = [2][]byte{a, b}
	c.out.vector = c.out.pair[:]
	_, err := c.out.vector.WriteTo(c.conn)
	c.out.pair = [2][]byte{}
	return err
}

// failWrite ends writing with err, unless it has ended before, and returns the error that
// ended it.
func (c *Conn) failWrite(err error) error {
	err = permanent(err)
	c.out.err.CompareAndSwap(nil, &err)
	return err
}

// writeError returns the error that ended writing, or nil.
func (c *Conn) writeError() error {
	if err := c.out.err.Load(); err != nil {
		return *err
	}
	return nil
}

// SetWriteDeadline sets the deadline for writing later messages. The zero value means none.
// After a timeout, all later writes return its error, because part of a frame may have been
// sent. It must not be called concurrently with writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.deadline = t
	return nil
}

// NextWriter returns a writer for the next message. Closing it sends the end of the message.
// NextWriter first closes a message that is still open. The message is sent in frames of
// WriteBufferSize. A frame is sent when bytes of the next one are written. Frames that one call
// fills are sent together, and so are those that [io.Copy] fills from received bytes of another
// message.
//
// messageType may be a control type. Such a message is one frame of at most 125 bytes; the
// writer returns an error for more.
func (c *Conn) NextWriter(messageType int) (io.WriteCloser, error) {
	if c.out.writer != nil {
		c.out.writer.Close()
	}
	if !isMessageType(messageType) {
		return nil, errMessageType
	}
	if err := c.writeError(); err != nil {
		return nil, err
	}
	if len(c.out.spare) == 0 {
		c.out.spare = make([]messageWriter, handleBatch)
	}
	c.out.writer, c.out.spare = &c.out.spare[0], c.out.spare[1:]
	c.out.writer.c = c
	c.beginMessage(codec.Opcode(messageType))
	return c.out.writer, nil
}
