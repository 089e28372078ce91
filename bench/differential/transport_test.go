package differential

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/zerowire/websocket/codec"
)

// tracked is a connection that knows whether its end was seen.
type tracked struct {
	net.Conn
	ended atomic.Bool
}

func (c *tracked) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

// upgraded is an http.ResponseWriter on which an opening handshake was read, and what
// is written is of no interest.
type upgraded struct {
	nc     net.Conn
	header http.Header
}

func (w *upgraded) Header() http.Header         { return w.header }
func (w *upgraded) Write(p []byte) (int, error) { return len(p), nil }
func (w *upgraded) WriteHeader(int)             {}

func (w *upgraded) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.nc, bufio.NewReadWriter(bufio.NewReader(w.nc), bufio.NewWriter(w.nc)), nil
}

// request returns an opening handshake that offers the extension, and a writer for
// the server's side of it.
func request(nc net.Conn, extension string) (http.ResponseWriter, *http.Request) {
	r, err := http.NewRequest(http.MethodGet, "http://server.example/", nil)
	if err != nil {
		panic(err)
	}
	for name, value := range map[string]string{
		"Upgrade":                  "websocket",
		"Connection":               "Upgrade",
		"Sec-WebSocket-Version":    "13",
		"Sec-WebSocket-Key":        "dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Extensions": extension,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return &upgraded{nc: nc, header: http.Header{}}, r
}

// answered is a connection on which a client finds the answer to its opening
// handshake, as soon as it has sent that, and behind it what nc brings.
type answered struct {
	net.Conn
	extension string
	asked     []byte // what has come of the request; nil behind it
	ready     chan struct{}
	closed    chan struct{}
	closing   atomic.Bool
	head      bytes.Buffer
}

func newAnswered(nc net.Conn, extension string) *answered {
	return &answered{Conn: nc, extension: extension, asked: []byte{}, ready: make(chan struct{}), closed: make(chan struct{})}
}

func (c *answered) Write(p []byte) (int, error) {
	if c.asked == nil {
		return c.Conn.Write(p)
	}
	c.asked = append(c.asked, p...)
	if !bytes.HasSuffix(c.asked, []byte("\r\n\r\n")) {
		return len(p), nil
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.asked)))
	if err != nil {
		return 0, err
	}
	accept := codec.AcceptKey([]byte(r.Header.Get("Sec-WebSocket-Key")))
	c.head.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	c.head.Write(accept[:])
	if c.extension != "" && strings.Contains(r.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		c.head.WriteString("\r\nSec-WebSocket-Extensions: " + c.extension)
	}
	c.head.WriteString("\r\n\r\n")
	c.asked = nil
	close(c.ready)
	return len(p), nil
}

func (c *answered) Read(p []byte) (int, error) {
	select {
	case <-c.ready:
	case <-c.closed:
		return 0, net.ErrClosed
	}
	if c.head.Len() > 0 {
		return c.head.Read(p)
	}
	return c.Conn.Read(p)
}

func (c *answered) Close() error {
	if !c.closing.Swap(true) {
		close(c.closed)
	}
	return c.Conn.Close()
}
