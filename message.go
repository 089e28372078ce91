package websocket

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// assembly is where a message grows that does not come in one frame: of
// several fragments, or longer than what the decoder keeps whole. Fragments are
// laid end to end in one pooled buffer, so that their number costs nothing.
//
// A compressed message grows elsewhere: its inflater has it.
type assembly struct {
	buf   *pool.Buffer // nil while nothing is assembled
	op    Opcode       // type of the message
	begun bool         // a message has begun and not ended
	lent  bool         // the message ended and was handed out

	inflating *inflating // of the compressed message that has begun or was handed out; else nil
}

// firstRoom is the least that a message's buffer begins with, in bytes.
const firstRoom = 512

// append adds the payload of a frame to the message, which is of type op.
func (a *assembly) append(op Opcode, p []byte) {
	a.op, a.begun = op, true
	if len(p) == 0 {
		return
	}
	if a.buf == nil {
		a.buf = pool.Get(max(len(p), firstRoom))
	}
	if need := len(a.buf.B) + len(p); need > cap(a.buf.B) {
		a.buf = pool.Grow(a.buf, max(need, a.step()))
	}
	a.buf.B = append(a.buf.B, p...)
}

// room returns space for the next bytes of the message, at most n of them. It
// grows with what has arrived, to at most four times that, and never with what
// a header claims.
func (a *assembly) room(n uint64) []byte {
	if len(a.buf.B) == cap(a.buf.B) {
		a.buf = pool.Grow(a.buf, a.step())
	}
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

// step is the next capacity: the largest power of two that is at most four
// times what has arrived, give or take the header of a frame.
func (a *assembly) step() int {
	arrived := len(a.buf.B) + codec.MaxHeaderSize
	size := firstRoom
	for size <= 2*arrived {
		size *= 2
	}
	return size
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

// leave gives the message up to whoever it was handed out to.
func (a *assembly) leave() {
	pool.Drop(a.buf)
	*a = assembly{}
}

// large reports whether so much of the message is here that the rest of its
// payload should be read straight behind it.
func (a *assembly) large() bool { return a.begun && a.buf != nil && len(a.buf.B) >= smallRead }
