package websocket

import (
	"bufio"
	"bytes"
	"io"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// input is the receiving half of a Conn. It belongs to the goroutine that reads.
type input struct {
	br       *bufio.Reader
	sequence codec.Sequence
	header   codec.Header // of the data frame begun
	left     uint64       // payload bytes of it that were not read
	place    int          // of the next of them, for unmasking
	op       codec.Opcode // of the message begun
	total    uint64       // payload bytes that the headers of its frames add up to
	limit    atomic.Int64 // of total; 0 or less for none
	checked  bool         // text has to be UTF-8
	text     bool         // the message begun does
	utf8     codec.UTF8
	inflate  *inflating // nil if messages do not come compressed
	packed   bool       // the message begun does

	current *messageReader // the one that may read the message begun
	spare   []messageReader

	ping, pong func(string) error      // nil for the default
	close      func(int, string) error // nil for the default

	err      error // what ended reading: every later read returns it
	failures int   // how often it was returned
}

// maxFailures is how many times NextReader returns the error that ended a
// connection. A program that calls it more often is in an endless loop.
const maxFailures = 1000

// NextReader returns the next data message: its type and a reader of its payload,
// which returns io.EOF at its end. What was not read of the message before is
// skipped, and its reader returns io.EOF from then on.
//
// NextReader and the reader call the handlers of control frames that come before
// or inside the message. Every error is final: all later reads return it again,
// and after a thousand times NextReader panics.
func (c *Conn) NextReader() (messageType int, r io.Reader, err error) {
	if err := c.nextMessage(); err != nil {
		return -1, nil, err
	}
	if len(c.in.spare) == 0 {
		c.in.spare = make([]messageReader, handleBatch)
	}
	c.in.current, c.in.spare = &c.in.spare[0], c.in.spare[1:]
	c.in.current.c = c
	return int(c.in.op), c.in.current, nil
}

// handleBatch is how many readers or writers of messages are allocated at once.
// Each serves one message, so that one kept by mistake never reaches another's.
const handleBatch = 16

// messageReader reads the payload of one message.
type messageReader struct{ c *Conn }

// Read reads payload as it arrives. It returns io.EOF at the end of the message.
func (r *messageReader) Read(p []byte) (n int, err error) {
	c := r.c
	switch {
	case c.in.current != r:
		return 0, io.EOF
	case c.in.err != nil:
		return 0, c.in.err
	case len(p) == 0:
		return 0, nil
	case c.in.packed:
		n, err = c.readInflated(p)
	default:
		n, err = c.readPayload(p)
	}
	switch err {
	case nil:
	case io.EOF:
		c.in.current = nil
	default:
		c.in.err = err
	}
	return n, err
}

// ReadMessage returns the next message. p belongs to the caller. It is
// [Conn.NextReader] and a read to the end of the message; an error in the middle
// of it comes with what was read before.
func (c *Conn) ReadMessage() (messageType int, p []byte, err error) {
	if err := c.nextMessage(); err != nil {
		return -1, nil, err
	}
	switch {
	case c.in.packed:
		p, err = c.inflateMessage()
	case c.in.header.Fin && c.in.left <= codec.MaxWhole:
		p = make([]byte, c.in.left)
		n := 0
		if n, err = c.readFull(p); err != nil {
			p = p[:n]
		}
	default:
		p, err = c.readLong()
	}
	c.in.err = err
	return int(c.in.op), p, err
}

// SetReadLimit limits messages to limit bytes, on the wire and when inflated; 0
// means no limit, which is the default. A message above it is answered with a
// Close frame of status 1009, and reading fails with [ErrReadLimit]. SetReadLimit
// may be called at any time: it applies to frames that begin later, and to
// compressed messages that begin later.
func (c *Conn) SetReadLimit(limit int64) { c.in.limit.Store(limit) }

// SetReadDeadline sets the deadline for reads of the network connection; the zero
// value means none. It may be called while a read blocks, which it then moves.
// After a read has timed out, all later reads return its error.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// nextMessage skips what is left of the message begun and reads on to the first
// header of the next one.
func (c *Conn) nextMessage() error {
	c.in.current = nil
	if c.in.packed {
		c.in.inflate.abandon()
	}
	for c.in.err == nil {
		if c.in.err = c.nextFrame(); c.in.err == nil && c.in.header.Opcode.IsData() {
			return nil
		}
	}
	if c.in.failures++; c.in.failures >= maxFailures {
		panic("websocket: read: the connection has failed and is read again and again: leave the loop on the first error")
	}
	return c.in.err
}

// nextFrame skips what is left of the data frame begun, handles the control
// frames behind it, and begins the next data frame.
func (c *Conn) nextFrame() error {
	for {
		if err := c.in.skip(); err != nil {
			return lost(err)
		}
		h, err := c.in.readHeader()
		if err == nil {
			err = c.in.sequence.Check(h)
		}
		if v, ok := err.(codec.Violation); ok {
			return c.violated(v)
		}
		if err != nil {
			return lost(err)
		}
		if !h.Opcode.IsControl() {
			return c.beginFrame(h)
		}
		if err := c.control(h); err != nil {
			return permanent(err)
		}
	}
}

// beginFrame begins the data frame with header h.
func (c *Conn) beginFrame(h codec.Header) error {
	in := &c.in
	in.header, in.left, in.place = h, h.Length, 0
	limit := in.limit.Load()
	if h.Opcode != codec.OpContinuation {
		in.op, in.total = h.Opcode, 0
		in.text, in.utf8 = in.checked && h.Opcode == codec.OpText, codec.UTF8{}
		if in.packed = h.RSV != 0; in.packed {
			in.inflate.begin(limit)
		}
	}
	in.total += h.Length
	if limit > 0 && in.total > uint64(limit) {
		return c.tooBig()
	}
	return nil
}

// readPayload reads payload of the message begun into p. It returns io.EOF at the
// end of the message. Other errors are final.
func (c *Conn) readPayload(p []byte) (int, error) {
	in := &c.in
	for in.left == 0 {
		if in.header.Fin {
			return 0, c.endText()
		}
		if err := c.nextFrame(); err != nil {
			return 0, err
		}
	}
	n, err := in.br.Read(p[:min(uint64(len(p)), in.left)])
	in.unmask(p[:n])
	if in.text && !in.utf8.Check(p[:n]) {
		return 0, c.violated(codec.ErrText)
	}
	if err != nil {
		return n, lost(err)
	}
	return n, nil
}

// readFull reads the rest of the message into p, which is as large as that.
func (c *Conn) readFull(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = c.readPayload(p[n:])
		n += m
	}
	if err == nil {
		err = c.endText()
	}
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// readLong reads the message begun, which is long or fragmented. What it allocates
// follows what has arrived, not what a header claims.
func (c *Conn) readLong() ([]byte, error) {
	b := pool.Get(2 * codec.MaxWhole)
	defer func() { pool.Put(b) }()
	for {
		if arrived := len(b.B); c.in.header.Fin && c.in.left > 0 && c.in.left <= uint64(arrived) {
			p := append(make([]byte, 0, arrived+int(c.in.left)), b.B...)
			n, err := c.readFull(p[arrived:cap(p)])
			return p[:arrived+n], err
		}
		b = pool.Grow(b, len(b.B)+1)
		n, err := c.readPayload(b.B[len(b.B):cap(b.B)])
		b.B = b.B[:len(b.B)+n]
		if err == io.EOF {
			return append(make([]byte, 0, len(b.B)), b.B...), nil
		}
		if err != nil {
			return bytes.Clone(b.B), err
		}
	}
}

// endText returns io.EOF if the message may end here.
func (c *Conn) endText() error {
	if c.in.text && !c.in.utf8.Complete() {
		return c.violated(codec.ErrText)
	}
	return io.EOF
}

// violated tells the peer which rule it broke, and returns the error of the read.
func (c *Conn) violated(v codec.Violation) error {
	c.WriteControl(CloseMessage, FormatCloseMessage(int(v.StatusCode()), v.Rule()), time.Now().Add(controlWait))
	return &protocolError{v}
}

// tooBig tells the peer that a message is above the limit.
func (c *Conn) tooBig() error {
	c.WriteControl(CloseMessage, FormatCloseMessage(CloseMessageTooBig, ""), time.Now().Add(controlWait))
	return ErrReadLimit
}

// skip reads past what is left of the data frame begun.
func (in *input) skip() error {
	for in.left > 0 {
		n, err := in.br.Discard(int(min(in.left, 1<<30)))
		in.left -= uint64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// readHeader reads the header of a frame. The error is a codec.Violation or what
// the network reported.
func (in *input) readHeader() (codec.Header, error) {
	b, err := in.br.Peek(2)
	if err != nil {
		return codec.Header{}, err
	}
	size := 2
	switch b[1] & 0x7F {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if b[1]&0x80 != 0 {
		size += 4
	}
	if b, err = in.br.Peek(size); err != nil {
		return codec.Header{}, err
	}
	h, _, err := codec.ParseHeader(b)
	in.br.Discard(size)
	return h, err
}

// unmask unmasks p, the next payload bytes of the data frame begun.
func (in *input) unmask(p []byte) {
	in.left -= uint64(len(p))
	if in.header.Masked {
		in.place = codec.Mask(p, in.header.Key, in.place) & 3
	}
}
