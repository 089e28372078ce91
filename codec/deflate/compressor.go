package deflate

import "sync/atomic"

// A Compressor compresses the messages of one direction of a connection (RFC 7692
// §7.2.1). Between calls it holds no memory, except a window of at most 32 KiB if
// Takeover is set or a message is incomplete.
//
// The zero value uses the fastest level and the largest window, without takeover. Set
// the fields before the first call. A Compressor must not be used concurrently.
type Compressor struct {
	Takeover   bool // messages refer to those before them
	Level      int  // from 1 (fastest) to 9 (smallest); 0 for 1. Ignored for windows below the largest
	WindowBits int  // how far back to refer: 2^WindowBits bytes, 8 to 15; 0 for 15

	window window
	id     uint64  // unique; 0 before the first use
	engine *engine // the last one used; another Compressor may have it now
	cut    bool    // tail was removed from the last fragment of an incomplete message
}

var ids atomic.Uint64

// Bound returns the maximum number of bytes that Append and AppendFragment append for n
// bytes.
func Bound(n int) int { return n + n/256 + 64 }

// Append compresses the message p and appends the result to dst, if it is smaller than
// p. Otherwise it returns dst unchanged and false: send p uncompressed. p is neither
// modified nor retained.
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

// AppendFragment compresses p, the next part of a message that is compressed while it
// is written, and appends the result to dst. If last is set, the message ends with p. p
// is neither modified nor retained. No other message may begin before the message has
// ended.
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

// Skip adds p to the window. Call it after p was sent as a message that was compressed
// by other means, without reference to earlier messages.
func (c *Compressor) Skip(p []byte) {
	if !c.Takeover {
		return
	}
	c.window.add(p, 1<<c.windowBits())
	c.engine = nil // its window lacks p
}

// Reset releases all memory, and discards earlier messages.
func (c *Compressor) Reset() {
	c.window.drop()
	c.id, c.engine, c.cut = 0, nil, false
}

// take takes an engine, with the window in it.
func (c *Compressor) take() *engine {
	e := c.freeList().take(c.engine)
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
	c.freeList().put(e)
}

func (c *Compressor) freeList() *freeList[engine] {
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
