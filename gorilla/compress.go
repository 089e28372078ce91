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

// agree enables compression with the parameters that the handshake has negotiated.
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

// EnableWriteCompression enables or disables compression for later messages. Default:
// enabled. It has no effect if compression was not negotiated. It must not be called
// concurrently with writes.
func (c *Conn) EnableWriteCompression(enable bool) { c.out.compress = enable }

// SetCompressionLevel sets the compression level of later messages, as in package
// compress/flate: from 1, the default, to 9, or -1 for 6, -2 for the fastest, and 0 for no
// compression. It has no effect if compression was not negotiated. It must not be called
// concurrently with writes. The error reports an invalid level.
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

// writeCompressed sends p compressed, or uncompressed if that is not larger.
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

// inflating inflates received messages.
type inflating struct {
	deflate.Decompressor
	fed   bool   // the Decompressor holds a part of the current message
	piece []byte // inflated bytes that were not read
	done  bool   // piece is the last of the message
}

func (z *inflating) begin(limit int64) {
	z.MaxMessage = uint64(max(limit, 0))
	z.fed, z.piece, z.done = false, nil, false
}

// abandon releases the memory of the current message.
func (z *inflating) abandon() {
	z.Reset()
	z.piece, z.done = nil, true
}

// readInflated reads the current message, which is compressed, into p. It returns io.EOF at
// its end. Other errors are final.
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

// feed passes the next received piece to the Decompressor.
func (c *Conn) feed() error {
	p, last, err := c.nextPiece()
	if err == nil {
		c.in.inflate.fed = true
		c.in.inflate.Feed(p, last)
	}
	return err
}

// inflateMessage returns the current message, which is compressed.
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

// inflateError returns the error for a read that failed with err.
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

// nextPiece receives the next payload bytes of the current message. last reports whether the
// message ends with them. p is valid until the next read.
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
