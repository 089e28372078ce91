package deflate

import "github.com/zerowire/websocket/pool"

// maxWindow is the largest window of DEFLATE, in bytes: what a distance reaches
// back at most (RFC 1951 §2).
const maxWindow = 32 << 10

// A window is the end of what went over one direction of a connection compressed,
// to which the next message may refer (RFC 7692 §7.1.1). It holds no memory
// until there is something in it.
type window struct{ buf *pool.Buffer }

func (w *window) bytes() []byte {
	if w.buf == nil {
		return nil
	}
	return w.buf.B
}

// set makes the window a copy of p.
func (w *window) set(p []byte) {
	if w.buf == nil || cap(w.buf.B) < len(p) {
		pool.Put(w.buf)
		w.buf = pool.Get(len(p))
	}
	w.buf.B = append(w.buf.B[:0], p...)
}

// add moves the window behind p: it then holds the last size bytes of both.
func (w *window) add(p []byte, size int) {
	p = p[max(0, len(p)-size):]
	old := w.bytes()
	old = old[max(0, len(old)+len(p)-size):]
	if w.buf == nil || cap(w.buf.B) < len(old)+len(p) {
		b := pool.Get(len(old) + len(p))
		b.B = append(b.B, old...)
		pool.Put(w.buf)
		w.buf = b
	} else {
		w.buf.B = append(w.buf.B[:0], old...)
	}
	w.buf.B = append(w.buf.B, p...)
}

// drop empties the window and gives its memory back.
func (w *window) drop() {
	pool.Put(w.buf)
	w.buf = nil
}
