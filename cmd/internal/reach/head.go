package reach

import (
	"net"

	"github.com/zerowire/websocket/codec"
)

// headRoom is what a head has room in, at first, in bytes.
const headRoom = 4 << 10

// ReadHead reads from nc until parse finds a whole head at the start of b, which is
// what was received so far. It returns the head and the bytes behind it; after an
// error, head is what was received.
func ReadHead(nc net.Conn, b []byte, parse func([]byte) (int, error)) (head, rest []byte, err error) {
	for {
		n, err := parse(b)
		if err == nil {
			return b[:n:n], b[n:], nil
		}
		if err != codec.ErrShort {
			return b, nil, err
		}
		if len(b) == cap(b) {
			b = append(make([]byte, 0, max(2*cap(b), headRoom)), b...)
		}
		n, err = nc.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; n == 0 && err != nil {
			return b, nil, err
		}
	}
}
