package deflate

import "sync/atomic"

// A Compressor compresses the messages that one direction of a connection takes
// (RFC 7692 §7.2.1). Between calls it holds no memory but, if Takeover is set, a
// window of at most 32 KiB, and an unfinished message's.
//
// The zero value compresses fast, without takeover, for the largest window. Set the
// fields before the first call. A Compressor must not be used concurrently.
type Compressor struct {
	Takeover   bool // messages refer to those before them
	Level      int  // from 1, the fastest, to 9, the smallest; 0 for 1. Of no effect on a smaller window
	WindowBits int  // how far back to refer: 2^WindowBits bytes, 8 to 15; 0 for 15

	window window
	id     uint64  // different from that of all others; 0 before the first use
	engine *engine // the last one used, which may be somebody else's now
	cut    bool    // of a message that is sent in fragments, tail was kept back
}

var ids atomic.Uint64

// Bound returns how many bytes at most Append and AppendFragment append for n bytes.
func Bound(n int) int { return n + n/256 + 64 }

// Append appends p, a message, compressed to dst, if it is smaller then. Otherwise
// it returns dst as it was, and the message has to go as it is. p is neither
// changed nor retained.
func (c *Compressor) Append(dst, p []byte) (_ []byte, smaller bool) {
	e := c.take()
	out := e.compress(dst, p)
	out = out[:len(out)-len(tail)]
	if len(out)-len(dst) >= len(p) {
		e.owner = 0
		c.put(e)
		return dst, false
	}
	if c.Takeover {
		c.window.add(p, 1<<c.windowBits())
	} else {
		e.owner = 0
	}
	c.put(e)
	return out, true
}

// AppendFragment appends p, the next part of a message that is compressed as it
// is written, to dst. last says that the message ends with p. p is neither changed nor
// retained. After a message was begun, no other may be until it has ended.
func (c *Compressor) AppendFragment(dst, p []byte, last bool) []byte {
	if c.cut {
		dst = append(dst, tail...)
	}
	e := c.take()
	dst = e.compress(dst, p)
	dst = dst[:len(dst)-len(tail)]
	c.window.add(p, 1<<c.windowBits())
	if c.cut = !last; last && !c.Takeover {
		c.window.drop()
		e.owner = 0
	}
	c.put(e)
	return dst
}

// Skip says that p was sent compressed by other means, without reference to messages
// before it. The peer has it in its window.
func (c *Compressor) Skip(p []byte) {
	if !c.Takeover {
		return
	}
	c.window.add(p, 1<<c.windowBits())
	c.engine = nil // it does not know p
}

// Reset gives back all memory, and forgets the messages before.
func (c *Compressor) Reset() {
	c.window.drop()
	c.id, c.engine, c.cut = 0, nil, false
}

// take takes an engine that knows the window.
func (c *Compressor) take() *engine {
	e := c.shelf().take(c.engine)
	if e == nil {
		e = newEngine(c.level(), c.windowBits())
	}
	if e != c.engine || e.owner != c.id || c.id == 0 {
		e.w.ResetDict(&e.out, c.window.bytes())
	}
	if c.id == 0 {
		c.id = ids.Add(1)
	}
	c.engine, e.owner = e, c.id
	return e
}

func (c *Compressor) put(e *engine) {
	e.out.b = nil
	c.shelf().put(e)
}

func (c *Compressor) shelf() *shelf[engine] {
	if bits := c.windowBits(); bits < maxWindowBits {
		return &byWindow[bits]
	}
	return &byLevel[c.level()]
}

func (c *Compressor) level() int {
	if c.Level == 0 {
		return 1
	}
	return min(max(c.Level, 1), 9)
}

func (c *Compressor) windowBits() int {
	return windowBits(c.WindowBits)
}
