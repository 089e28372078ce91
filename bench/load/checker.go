package load

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// errClosed is returned when the server sent a Close frame.
var errClosed = errors.New("load: the server sent a Close frame")

// Checker compares what a server sends with what it should, byte by byte. A
// server may send its messages in any pieces, in fragments, and with pings and
// pongs between them; nothing else.
type Checker struct {
	raw  bool      // no frames: the bytes of Message.Frame come back as they are
	want []Message // in this order
	next int       // message that is expected or arriving
	at   int       // bytes of it that have arrived

	head    [10]byte // header of a frame, as far as it has arrived
	headLen int
	left    uint64 // payload bytes of the frame that have not arrived
	within  bool   // a frame's payload is arriving
	control byte   // its opcode if it is a control frame
	fin     bool
	begun   bool // a message has begun and not ended

	inflater *inflater // nil if nothing may be compressed
	packed   bool      // the message that is arriving is
}

// Expect sets what comes next. Everything expected earlier must have arrived.
func (c *Checker) Expect(want []Message) { c.want, c.next, c.at = want, 0, 0 }

// Done reports whether all that is expected has arrived.
func (c *Checker) Done() bool { return c.next == len(c.want) }

// Feed checks the next bytes. It returns errClosed at a Close frame.
func (c *Checker) Feed(p []byte) (err error) {
	for len(p) > 0 {
		switch {
		case c.raw:
			p, err = c.compareRaw(p)
		case !c.within:
			p, err = c.header(p)
		case c.control != 0:
			p = p[c.take(len(p)):]
		default:
			p, err = c.compare(p)
		}
		if err != nil {
			return err
		}
		if c.within && c.left == 0 {
			if err := c.endFrame(); err != nil {
				return err
			}
		}
	}
	return nil
}

// header takes the header of a frame from p.
func (c *Checker) header(p []byte) ([]byte, error) {
	for need := c.headerSize(); c.headLen < need; need = c.headerSize() {
		if len(p) == 0 {
			return nil, nil
		}
		n := copy(c.head[c.headLen:need], p)
		c.headLen, p = c.headLen+n, p[n:]
	}
	first, length := c.head[0], uint64(c.head[1]&0x7F)
	switch length {
	case 126:
		length = uint64(binary.BigEndian.Uint16(c.head[2:]))
	case 127:
		length = binary.BigEndian.Uint64(c.head[2:])
	}
	masked := c.head[1]&0x80 != 0
	c.headLen, c.left, c.within, c.fin = 0, length, true, first&0x80 != 0
	opcode := first & 0x0F
	c.control = opcode & 8
	switch {
	case masked:
		return p, errors.New("load: the server's frame is masked")
	case first&0x70 != 0 && (c.inflater == nil || first&0x70 != rsv1 || c.begun || c.control != 0):
		return p, errors.New("load: the server's frame has reserved bits")
	case opcode == opClose:
		return p, errClosed
	case opcode == opPing || opcode == opPong:
		return p, nil
	case c.Done():
		return p, fmt.Errorf("load: frame of %d bytes, opcode %d, after all that was expected", length, opcode)
	case c.begun != (opcode == opContinuation), !c.begun && opcode != c.want[c.next].Opcode:
		return p, fmt.Errorf("load: opcode %d, want %d", opcode, c.want[c.next].Opcode)
	case first&rsv1 != 0 || c.packed:
	case length > uint64(len(c.want[c.next].Payload)-c.at):
		return p, fmt.Errorf("load: message of %d bytes or more, want %d", uint64(c.at)+length, len(c.want[c.next].Payload))
	}
	c.packed = c.packed || first&rsv1 != 0
	c.begun = true
	return p, nil
}

// headerSize returns how long the header is, as far as that is known.
func (c *Checker) headerSize() int {
	switch {
	case c.headLen < 2:
		return 2
	case c.head[1]&0x7F == 126:
		return 4
	case c.head[1]&0x7F == 127:
		return 10
	}
	return 2
}

// compare takes payload from p.
func (c *Checker) compare(p []byte) ([]byte, error) {
	n := c.take(len(p))
	if c.packed {
		c.inflater.packed = append(c.inflater.packed, p[:n]...)
		return p[n:], nil
	}
	from := c.at
	c.at += n
	if !bytes.Equal(p[:n], c.want[c.next].Payload[from:c.at]) {
		return nil, fmt.Errorf("load: message %d differs in its bytes %d to %d", c.next, from, c.at)
	}
	return p[n:], nil
}

// take counts up to n bytes as arrived payload of the frame.
func (c *Checker) take(n int) int {
	n = int(min(uint64(n), c.left))
	c.left -= uint64(n)
	return n
}

func (c *Checker) endFrame() error {
	c.within = false
	if c.control != 0 || !c.fin {
		return nil
	}
	if c.packed {
		if err := c.inflater.check(&c.want[c.next]); err != nil {
			return err
		}
		c.next, c.at, c.begun, c.packed = c.next+1, 0, false, false
		return nil
	}
	if want := len(c.want[c.next].Payload); c.at != want {
		return fmt.Errorf("load: message of %d bytes, want %d", c.at, want)
	}
	c.next, c.at, c.begun = c.next+1, 0, false
	return nil
}

// compareRaw takes the bytes of one message from p.
func (c *Checker) compareRaw(p []byte) ([]byte, error) {
	if c.Done() {
		return nil, fmt.Errorf("load: %d bytes after all that was expected", len(p))
	}
	want := c.want[c.next].Frame[c.at:]
	n := min(len(p), len(want))
	if !bytes.Equal(p[:n], want[:n]) {
		return nil, fmt.Errorf("load: message %d differs in its bytes %d to %d", c.next, c.at, c.at+n)
	}
	if c.at += n; n == len(want) {
		c.next, c.at = c.next+1, 0
	}
	return p[n:], nil
}
