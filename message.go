package websocket

import "github.com/zerowire/websocket/pool"

// assembly is where a message grows that does not come in one frame: of
// several fragments, or longer than what the decoder keeps whole. Fragments are
// laid end to end in one pooled buffer, so that their number costs nothing.
//
// A compressed message grows elsewhere: its inflater has it.
type assembly struct {
	most  uint64       // the longest message there may be; 0 for no limit
	buf   *pool.Buffer // nil while nothing is assembled
	op    Opcode       // type of the message
	begun bool         // a message has begun and not ended
	lent  bool         // the message ended and was handed out

	inflating *inflating // of the compressed message that has begun or was handed out; else nil
}

// append adds the payload of a frame to the message, which is of type op.
func (a *assembly) append(op Opcode, p []byte) {
	a.op, a.begun = op, true
	if len(p) == 0 {
		return
	}
	a.reserve(len(p))
	a.buf.B = append(a.buf.B, p...)
}

// reserve makes room for n bytes more: for at most four times as many as there are
// then, and never for what a header claims.
func (a *assembly) reserve(n int) {
	switch {
	case a.buf == nil:
		a.buf = pool.Get(pool.Fit(n, a.most))
	case len(a.buf.B)+n > cap(a.buf.B):
		a.buf = pool.Grow(a.buf, pool.Fit(len(a.buf.B)+n, a.most))
	}
}

// room returns space for the next bytes of the message, at least one and at most n.
func (a *assembly) room(n uint64) []byte {
	a.reserve(1)
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
	*a = assembly{most: a.most}
}

// leave gives the message up to whoever it was handed out to.
func (a *assembly) leave() {
	pool.Drop(a.buf)
	*a = assembly{most: a.most}
}

// large reports whether so much of the message is here that the rest of its
// payload should be read straight behind it.
func (a *assembly) large() bool { return a.begun && a.buf != nil && len(a.buf.B) >= smallRead }
