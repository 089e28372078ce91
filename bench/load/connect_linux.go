package load

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The opening handshake with the nonce and the answer of RFC 6455 §1.3.
const (
	request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

var requests = [...][]byte{
	Off:      []byte(request + "\r\n"),
	Alone:    []byte(request + Alone.offer() + "\r\n"),
	Takeover: []byte(request + Takeover.offer() + "\r\n"),
}

// dial begins a connection.
func (f *Fleet) dial(batches []Batch) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("load: socket: %w", err)
	}
	f.dialled++
	c := &conn{fleet: f, fd: fd, tight: f.Deaf > 0 && f.dialled%f.Deaf == 0, batches: f.expected(batches)}
	if f.Raw {
		c.InitPlain()
	} else {
		c.Init(maxMessage, f.Deflate != Off)
		c.Write(requests[f.Deflate])
	}
	if f.Deflate != Off && !f.Raw {
		c.inflater = &inflater{takeover: f.Deflate == Takeover, known: map[*byte][]byte{}}
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		c.tighten(fd),
		ignore(unix.Connect(fd, &unix.SockaddrInet4{Port: int(f.Addr.Port()), Addr: f.Addr.Addr().As4()}), unix.EINPROGRESS),
	)
	if err == nil {
		c.Socket, err = f.loop.Add(fd, c)
	}
	if err != nil {
		return nil, fmt.Errorf("load: connect: %w", err)
	}
	f.conns[c] = true
	return c, nil
}

// tighten gives a tight connection the segments of an Ethernet, by which the
// server's kernel sizes its buffer, and the smallest buffer for what it receives.
// With those of the loopback megabytes fit before a server notices that nobody
// reads.
func (c *conn) tighten(fd int) error {
	if !c.tight {
		return nil
	}
	return errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1460),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1),
	)
}

func ignore(err, expected error) error {
	if err == expected {
		return nil
	}
	return err
}

// response takes the response of the opening handshake from p and returns what
// is behind it.
func (c *conn) response(p []byte) (rest []byte, done bool, err error) {
	c.head = append(c.head, p...)
	end := bytes.Index(c.head, []byte("\r\n\r\n"))
	if end < 0 {
		if len(c.head) > 4096 {
			return nil, false, errors.New("load: the handshake's response has no end")
		}
		return nil, false, nil
	}
	head := c.head[:end]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) || !bytes.Contains(head, []byte(accept)) {
		return nil, false, fmt.Errorf("load: the handshake is answered with %q", head)
	}
	if !c.fleet.Deflate.accepted(head) {
		return nil, false, fmt.Errorf("load: the offer of an extension, if any, is answered with %q", head)
	}
	rest = c.head[end+4:]
	c.head = nil
	return rest, true, nil
}
