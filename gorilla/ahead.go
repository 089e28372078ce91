package websocket

import "github.com/zerowire/websocket/pool"

// ahead holds payload of the current frame that was read for several small reads of a message's
// reader.
type ahead struct {
	buf *pool.Buffer // nil for none
	at  int          // position in buf of the next byte
	err error        // follows the last byte
}

// maxAhead is the maximum number of bytes that are read ahead.
const maxAhead = 32 << 10

// readStreamed is readPayload for a message's reader. It reads the rest of a long frame at once if
// p is small.
func (c *Conn) readStreamed(p []byte) (int, error) {
	in := &c.in
	if in.ahead.buf != nil {
		return in.ahead.take(p)
	}
	if err := c.nextPayload(); err != nil {
		return 0, err
	}
	size := in.aheadSize()
	if size <= len(p) {
		return c.receive(p)
	}
	b := pool.Get(size)
	n, err := c.receive(b.B[:size])
	if n == 0 {
		pool.Put(b)
		return 0, err
	}
	b.B = b.B[:n]
	in.ahead = ahead{buf: b, err: err}
	return in.ahead.take(p)
}

// aheadSize returns how many bytes of the current frame are worth reading at once, or 0 if the
// bufio.Reader does so. It is at most four times the number of bytes that have arrived: a peer must
// send bytes to make this end use memory.
func (in *input) aheadSize() int {
	arrived := in.header.Length - in.left
	size := int(min(in.left, 4*min(arrived, maxAhead/4)))
	if in.br.Buffered() > 0 || size <= in.br.Size() {
		return 0
	}
	return size
}

// take returns bytes that were read ahead.
func (a *ahead) take(p []byte) (int, error) {
	n := copy(p, a.buf.B[a.at:])
	if a.at += n; a.at < len(a.buf.B) {
		return n, nil
	}
	err := a.err
	a.drop()
	return n, err
}

// drop discards bytes that were read ahead.
func (a *ahead) drop() {
	if a.buf != nil {
		pool.Put(a.buf)
		*a = ahead{}
	}
}

// ready reports whether Read returns payload without waiting.
func (r *messageReader) ready() bool {
	in := &r.c.in
	switch {
	case in.current != r || in.err != nil:
		return false
	case in.packed:
		return len(in.inflate.piece) > 0
	}
	return in.ahead.buf != nil || in.left > 0 && in.br.Buffered() > 0
}
