package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// assembly collects a message that the decoder does not return as a whole: one of several
// fragments, or a large one. Fragments are appended to one pooled buffer, so that their
// number costs nothing.
//
// The Inflater collects a compressed message instead.
type assembly struct {
	buf   *pool.Buffer // nil while nothing is assembled
	op    codec.Opcode // type of the message
	begun bool         // a message has begun and is not complete
	inUse bool         // the message is complete and was returned by finish

	inflating *Inflater // of the compressed message that has begun or was returned; else nil
}

// append adds the payload of a frame to the message of type op. most is the limit for
// the message, 0 for none.
func (a *assembly) append(op codec.Opcode, p []byte, most uint64) {
	a.op, a.begun = op, true
	if len(p) == 0 {
		return
	}
	a.reserve(len(p), most)
	a.buf.B = append(a.buf.B, p...)
}

// reserve makes room for n more bytes. The buffer is at most four times as large as the
// message then is, and at most as large as most, if that is not 0. The length that a
// header claims has no influence.
func (a *assembly) reserve(n int, most uint64) {
	if a.buf != nil && uint64(len(a.buf.B)+n) > most {
		most = 0 // the limit was lowered after the message had begun
	}
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

// extend adds the first n bytes of the slice that room returned to the message, and
// returns them.
func (a *assembly) extend(n int) []byte {
	at := len(a.buf.B)
	a.buf.B = a.buf.B[:at+n]
	return a.buf.B[at:]
}

// finish returns the message, which stays valid until release.
func (a *assembly) finish() []byte {
	a.begun, a.inUse = false, true
	if a.inflating != nil {
		return a.inflating.Message()
	}
	if a.buf == nil {
		return nil
	}
	return a.buf.B
}

// release frees the message that finish returned, if there is one.
func (a *assembly) release() {
	if a.inUse {
		a.drop()
	}
}

// drop frees the message, complete or not.
func (a *assembly) drop() {
	pool.Put(a.buf)
	if a.inflating != nil {
		a.inflating.Release()
	}
	*a = assembly{}
}

// leave transfers ownership of the returned message's buffer to the application.
func (a *assembly) leave() {
	pool.Drop(a.buf)
	*a = assembly{}
}

// directFrom is the size, in bytes, at which the rest of a message is read directly into
// its buffer.
const directFrom = 4 << 10

// large reports whether the rest of the message is read directly into its buffer.
func (a *assembly) large() bool { return a.begun && a.buf != nil && len(a.buf.B) >= directFrom }
