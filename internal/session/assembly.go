package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// assembly collects a message that does not arrive in one frame: one of several
// fragments, or longer than what the decoder keeps whole. Fragments are laid end to end
// in one pooled buffer, so that their number costs nothing.
//
// A compressed message is collected by its Inflater instead.
type assembly struct {
	buf   *pool.Buffer // nil while nothing is assembled
	op    codec.Opcode // type of the message
	begun bool         // a message has begun and not ended
	lent  bool         // the message has ended and was handed out

	inflating *Inflater // of the compressed message that has begun or was handed out; else nil
}

// append adds the payload of a frame to the message, which is of type op.
func (a *assembly) append(op codec.Opcode, p []byte, most uint64) {
	a.op, a.begun = op, true
	if len(p) == 0 {
		return
	}
	a.reserve(len(p), most)
	a.buf.B = append(a.buf.B, p...)
}

// reserve makes room for n bytes more: for at most four times as many as there are
// then, never for what a header claims, and never for more than most, if that is not 0.
func (a *assembly) reserve(n int, most uint64) {
	switch {
	case a.buf == nil:
		a.buf = pool.Get(pool.Fit(n, most))
	case len(a.buf.B)+n > cap(a.buf.B):
		a.buf = pool.Grow(a.buf, pool.Fit(len(a.buf.B)+n, most))
	}
}

// room returns space for the next bytes of the message, at least one and at most n.
func (a *assembly) room(n, most uint64) []byte {
	a.reserve(1, most)
	free := a.buf.B[len(a.buf.B):cap(a.buf.B)]
	return free[:min(uint64(len(free)), n)]
}

// extend takes the first n bytes of what room returned into the message, and
// returns them.
func (a *assembly) extend(n int) []byte {
	at := len(a.buf.B)
	a.buf.B = a.buf.B[:at+n]
	return a.buf.B[at:]
}

// finish hands the message out. It stays valid until release.
func (a *assembly) finish() []byte {
	a.begun, a.lent = false, true
	if a.inflating != nil {
		return a.inflating.Message()
	}
	if a.buf == nil {
		return nil
	}
	return a.buf.B
}

// release takes back the message that was handed out, if there is one.
func (a *assembly) release() {
	if a.lent {
		a.drop()
	}
}

// drop gives the buffer back, whatever it holds.
func (a *assembly) drop() {
	pool.Put(a.buf)
	if a.inflating != nil {
		a.inflating.Release()
	}
	*a = assembly{}
}

// leave transfers the message's buffer to the application, to which it was handed out.
func (a *assembly) leave() {
	pool.Drop(a.buf)
	*a = assembly{}
}

// directFrom is the size, in bytes, from which on the rest of a message is read
// straight into its buffer.
const directFrom = 4 << 10

// large reports whether the rest of the message is read straight into its buffer.
func (a *assembly) large() bool { return a.begun && a.buf != nil && len(a.buf.B) >= directFrom }
