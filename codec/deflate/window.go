package deflate

import "github.com/zerowire/websocket/pool"

// maxWindow is the largest window of DEFLATE, in bytes: the largest distance (RFC 1951 §2).
const maxWindow = 32 << 10

// A window holds the last uncompressed bytes of one direction of a connection. The next
// message may refer to them (RFC 7692 §7.1.1). An empty window holds no memory.
type window struct{ buf *pool.Buffer }

func (w *window) bytes() []byte {
	if w.buf == nil {
		return nil
	}
	return w.buf.B
}

// set sets the window to a copy of p.
func (w *window) set(p []byte) {
	if w.buf == nil || cap(w.buf.B) < len(p) {
		pool.Put(w.buf)
		w.buf = pool.Get(len(p))
	}
	w.buf.B = append(w.buf.B[:0], p...)
}

// add appends p to the window and keeps the last size bytes.
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

// drop empties the window and returns its memory to the pool.
func (w *window) drop() {
	pool.Put(w.buf)
	w.buf = nil
}
