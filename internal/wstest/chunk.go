package wstest

import (
	"errors"
	"io"
	"iter"
	"net"
	"sync"
)

// Pieces cuts b into pieces of the given sizes, taken in turn and over again,
// and the rest. The pieces are parts of b. Sizes must be positive; without
// sizes, b is one piece. An empty b has no pieces.
func Pieces(b []byte, sizes ...int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := 0; len(b) > 0; i++ {
			n := len(b)
			if len(sizes) > 0 {
				n = min(n, sizes[i%len(sizes)])
			}
			if !yield(b[:n:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// ChopReader returns a reader of r whose calls bring at most the given sizes,
// taken in turn and over again. Sizes must be positive.
func ChopReader(r io.Reader, sizes ...int) io.Reader { return &chopReader{r: r, sizes: sizes} }

type chopReader struct {
	r     io.Reader
	sizes []int
	turn  int
}

func (c *chopReader) Read(b []byte) (int, error) {
	if len(b) > 0 && len(c.sizes) > 0 {
		b = b[:min(len(b), c.sizes[c.turn%len(c.sizes)])]
		c.turn++
	}
	return c.r.Read(b)
}

// Chop returns conn with its reads and its writes cut to the given sizes, taken
// in turn and over again, each direction for itself. Sizes must be positive.
// One reader and any number of writers may use it at a time. CloseWrite is
// passed on; a conn without it fails the call with errors.ErrUnsupported.
func Chop(conn net.Conn, sizes ...int) net.Conn {
	return &chopConn{Conn: conn, r: chopReader{r: conn, sizes: sizes}, sizes: sizes}
}

type chopConn struct {
	net.Conn
	r     chopReader
	mu    sync.Mutex // writes stay whole
	sizes []int
}

func (c *chopConn) Read(b []byte) (int, error) { return c.r.Read(b) }

func (c *chopConn) Write(b []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for piece := range Pieces(b, c.sizes...) {
		m, err := c.Conn.Write(piece)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (c *chopConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
