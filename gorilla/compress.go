package websocket

import (
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// The compression levels of package compress/flate.
const (
	huffmanOnly   = -2
	byDefault     = -1
	noCompression = 0
	defaultLevel  = 1
	best          = 9
)

// agree makes the connection compress with what the handshake has agreed on.
func (c *Conn) agree(p deflate.Params) {
	ours, theirs := p.ServerMaxWindowBits, p.ClientMaxWindowBits
	if c.role == codec.Client {
		ours, theirs = theirs, ours
	}
	c.in.sequence.RSV = codec.RSV1
	c.in.inflate = &inflating{}
	c.in.inflate.WindowBits = int(theirs)
	c.out.deflate = &deflate.Compressor{WindowBits: int(ours)}
}

// EnableWriteCompression switches the compression of messages that are written from
// then on. It is on by default, and of no effect if the handshake has not agreed on
// compression.
func (c *Conn) EnableWriteCompression(enable bool) { c.out.compress = enable }

// SetCompressionLevel sets how hard messages that are written from then on are
// compressed: 1, the default, to 9, with -1 for 6, -2 for the fastest, and 0 for not
// at all, as in package compress/flate. It is of no effect if the handshake has not
// agreed on compression.
func (c *Conn) SetCompressionLevel(level int) error {
	if level < huffmanOnly || level > best {
		return errLevel
	}
	c.out.level = level
	return nil
}

// compresses reports whether a message of type op is to be compressed.
func (c *Conn) compresses(op codec.Opcode) bool {
	return c.out.deflate != nil && c.out.compress && c.out.level != noCompression && op.IsData()
}

// compressor returns the compressor, set to the level.
func (c *Conn) compressor() *deflate.Compressor {
	switch c.out.level {
	case huffmanOnly:
		c.out.deflate.Level = 1
	case byDefault:
		c.out.deflate.Level = 6
	default:
		c.out.deflate.Level = c.out.level
	}
	return c.out.deflate
}

// writeCompressed sends p compressed, if it is smaller then.
func (c *Conn) writeCompressed(op codec.Opcode, p []byte) error {
	b := pool.Get(deflate.Bound(len(p)))
	defer func() { pool.Put(b) }()
	packed, smaller := c.compressor().Append(b.B, p)
	if !smaller {
		return c.writeFrames(op, 0, p)
	}
	b.B = packed
	return c.writeFrames(op, codec.RSV1, packed)
}

// inflating inflates the messages that come compressed.
type inflating struct {
	deflate.Decompressor
	fed   bool   // of the message begun, something was handed to the Decompressor
	piece []byte // what was inflated and not read
	done  bool   // it is the last of the message
}

func (z *inflating) begin(limit int64) {
	z.MaxMessage = uint64(max(limit, 0))
	z.fed, z.piece, z.done = false, nil, false
}

// abandon gives the memory of the message begun back.
func (z *inflating) abandon() {
	z.Reset()
	z.piece, z.done = nil, true
}

// readInflated reads the message begun, which comes compressed, into p. It returns
// io.EOF at its end. Other errors are final.
func (c *Conn) readInflated(p []byte) (int, error) {
	z := c.in.inflate
	for len(z.piece) == 0 {
		if z.done {
			z.Release()
			return 0, c.endText()
		}
		var err error
		if z.fed {
			z.piece, z.done, err = z.Next()
		}
		if !z.fed || err == codec.ErrShort {
			err = c.feed()
		}
		if err != nil {
			return 0, c.inflateError(err)
		}
		if c.in.text && !c.in.utf8.Check(z.piece) {
			return 0, c.violated(codec.ErrText)
		}
	}
	n := copy(p, z.piece)
	z.piece = z.piece[n:]
	return n, nil
}

// feed hands the next piece that is received to the Decompressor.
func (c *Conn) feed() error {
	p, last, err := c.nextPiece()
	if err == nil {
		c.in.inflate.fed = true
		c.in.inflate.Feed(p, last)
	}
	return err
}

// inflateMessage returns the message begun, which comes compressed.
func (c *Conn) inflateMessage() ([]byte, error) {
	z := c.in.inflate
	for last := false; !last; {
		var p []byte
		var err error
		if p, last, err = c.nextPiece(); err != nil {
			return []byte{}, err
		}
		if _, err := z.Write(p, last); err != nil {
			return []byte{}, c.inflateError(err)
		}
	}
	m := z.Message()
	if c.in.text && !c.in.utf8.Check(m) {
		return []byte{}, c.violated(codec.ErrText)
	}
	p := append(make([]byte, 0, len(m)), m...)
	z.abandon()
	if err := c.endText(); err != io.EOF {
		return p, err
	}
	return p, nil
}

// inflateError returns the error of a read that failed with err.
func (c *Conn) inflateError(err error) error {
	v, ok := err.(codec.Violation)
	switch {
	case !ok:
		return err
	case v == codec.ErrMessageTooBig:
		return c.tooBig()
	}
	return c.violated(v)
}

// nextPiece receives the next payload bytes of the message begun, and reports
// whether it ends with them. They are valid until something else is read.
func (c *Conn) nextPiece() (p []byte, last bool, err error) {
	in := &c.in
	for in.left == 0 && !in.header.Fin {
		if err := c.nextFrame(); err != nil {
			return nil, false, err
		}
	}
	if in.left == 0 {
		return nil, true, nil
	}
	if _, err := in.br.Peek(1); err != nil {
		return nil, false, lost(err)
	}
	n := int(min(uint64(in.br.Buffered()), in.left))
	p, _ = in.br.Peek(n)
	in.br.Discard(n)
	in.unmask(p)
	return p, in.left == 0 && in.header.Fin, nil
}
