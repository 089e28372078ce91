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

// input is the receiving half of a Conn. The reading goroutine owns it.
type input struct {
	br       *bufio.Reader
	sequence codec.Sequence
	header   codec.Header // of the current data frame
	left     uint64       // payload bytes of the frame that were not read
	place    int          // position of the next payload byte, for unmasking
	op       codec.Opcode // type of the current message
	total    uint64       // sum of the payload lengths of its frames
	limit    atomic.Int64 // limit of total; 0 or less for none
	checked  bool         // text must be UTF-8
	text     bool         // the current message must be UTF-8
	utf8     codec.UTF8
	ahead    ahead      // ahead.go
	inflate  *inflating // nil if compression was not negotiated
	packed   bool       // the current message is compressed

	current *messageReader // the reader of the current message
	spare   []messageReader

	ping, pong func(string) error      // nil for the default
	close      func(int, string) error // nil for the default

	err      error // the error that ended reading: every later read returns it
	failures int   // number of times that NextReader has returned it
}

// maxFailures is the number of times that NextReader returns the error that ended reading. A
// program that calls it more often is in an endless loop.
const maxFailures = 1000

// NextReader returns the type of the next data message and a reader of its payload. The reader
// returns [io.EOF] at the end of the message. If its reads are small, it reads up to 32 KiB of a
// long frame at once. NextReader skips the unread rest of the previous message; the reader of that
// message then returns io.EOF.
//
// NextReader and the reader call the handlers of control frames that arrive before or inside
// the message. Every error is final: all later reads return it, and NextReader panics after it
// has returned the error a thousand times.
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

// handleBatch is the number of message readers or writers that are allocated at once. Each is
// used for one message only, so that a stale one cannot access a later message.
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
		n, err = c.readStreamed(p)
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

// ReadMessage returns the next message. The caller owns p. It is equivalent to
// [Conn.NextReader] and reading to the end. If an error occurs inside the message, ReadMessage
// returns the bytes before it together with the error.
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

// SetReadLimit limits messages to limit bytes, as received and when inflated. 0, the default,
// means no limit. A larger message is answered with a Close frame of status 1009, and reading
// fails with [ErrReadLimit]. SetReadLimit may be called at any time. It applies to frames, and
// to compressed messages, that begin later.
func (c *Conn) SetReadLimit(limit int64) { c.in.limit.Store(limit) }

// SetReadDeadline sets the deadline for current and later reads from the network connection.
// The zero value means none. It may be called concurrently with a read. After a timeout, all
// later reads return its error.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// nextMessage skips the rest of the current message, and reads to the first header of the next
// one.
func (c *Conn) nextMessage() error {
	c.in.current = nil
	c.in.ahead.drop()
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

// nextFrame skips the rest of the current data frame, handles control frames after it, and
// begins the next data frame.
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

// readPayload reads payload of the current message into p. It returns io.EOF at the end of the
// message. Other errors are final.
func (c *Conn) readPayload(p []byte) (int, error) {
	if err := c.nextPayload(); err != nil {
		return 0, err
	}
	return c.receive(p)
}

// nextPayload begins the next frame of the current message if nothing is left of this one. It
// returns io.EOF at the end of the message.
func (c *Conn) nextPayload() error {
	for c.in.left == 0 {
		if c.in.header.Fin {
			return c.endText()
		}
		if err := c.nextFrame(); err != nil {
			return err
		}
	}
	return nil
}

// receive reads payload of the current frame into p.
func (c *Conn) receive(p []byte) (int, error) {
	in := &c.in
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

// readFull reads the rest of the message into p, which has the same size.
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

// readLong reads the current message, which is long or fragmented. It allocates memory for the
// received bytes, not for the length that a header claims.
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

// endText returns io.EOF if the text of the message may end here.
func (c *Conn) endText() error {
	if c.in.text && !c.in.utf8.Complete() {
		return c.violated(codec.ErrText)
	}
	return io.EOF
}

// violated sends a Close frame that reports the violation, and returns the error of the read.
func (c *Conn) violated(v codec.Violation) error {
	c.WriteControl(CloseMessage, FormatCloseMessage(int(v.StatusCode()), v.Rule()), time.Now().Add(controlWait))
	return &protocolError{v}
}

// tooBig sends a Close frame with status 1009, and returns ErrReadLimit.
func (c *Conn) tooBig() error {
	c.WriteControl(CloseMessage, FormatCloseMessage(CloseMessageTooBig, ""), time.Now().Add(controlWait))
	return ErrReadLimit
}

// skip discards the rest of the current data frame.
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

// readHeader reads the header of a frame. The error is a codec.Violation or an error of the
// network.
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

// unmask unmasks p, the next payload bytes of the current data frame.
func (in *input) unmask(p []byte) {
	in.left -= uint64(len(p))
	if in.header.Masked {
		in.place = codec.Mask(p, in.header.Key, in.place) & 3
	}
}
