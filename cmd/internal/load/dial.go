package load

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/zerowire/websocket"
)

// dialling is how many opening handshakes go on at the same time.
const dialling = 64

// link is an open connection: a socket that was taken over, or a Conn.
type link struct {
	number     int
	extensions string          // that were agreed on
	conn       *websocket.Conn // nil if there is a socket

	fd    int
	early []byte // what came behind the opening handshake
}

// dialAll opens n connections. Those that fail are counted in f; if none could be
// opened, or ctx ends, it returns why.
func dialAll(ctx context.Context, url string, opts *websocket.DialOptions, n int, direct bool, f faults) ([]link, error) {
	links, errs := make([]link, n), make([]error, n)
	var dialers errgroup.Group
	dialers.SetLimit(dialling)
	for i := range n {
		dialers.Go(func() error {
			links[i], errs[i] = dial(ctx, url, *opts, direct)
			return nil
		})
	}
	dialers.Wait()

	open := links[:0]
	for i, l := range links {
		if errs[i] == nil {
			l.number = len(open)
			open = append(open, l)
			continue
		}
		f.add(refused, 1, "connection %d: %v", i, errs[i])
	}
	if ctx.Err() != nil {
		for _, l := range open {
			if l.conn != nil {
				l.conn.CloseNow()
			} else {
				closeSocket(l.fd)
			}
		}
		return nil, ctx.Err()
	}
	if len(open) == 0 {
		return nil, errs[0]
	}
	return open, nil
}

// dial opens a connection.
func dial(ctx context.Context, url string, opts websocket.DialOptions, direct bool) (link, error) {
	var handshake *handshaking // of the last attempt, after redirects
	if direct {
		opts.Wrap = func(nc net.Conn) net.Conn {
			handshake = &handshaking{Conn: nc}
			return handshake
		}
	}
	c, err := websocket.Dial(ctx, url, &opts)
	if err != nil {
		return link{}, err
	}
	if handshake != nil {
		fd, err := takeOver(handshake.Conn)
		if !errors.Is(err, errNotDirect) { // else it was redirected to TLS, or is through a proxy with it
			c.CloseNow() // its own descriptor
			return link{fd: fd, early: handshake.early()}, err
		}
	}
	return link{conn: c, extensions: c.Extensions()}, nil
}

// handshaking is a connection during the opening handshake of Dial. It keeps what was
// read, because frames may have come behind the response.
type handshaking struct {
	net.Conn
	mu  sync.Mutex
	got []byte
}

func (l *handshaking) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got = append(l.got, p[:n]...)
	return n, err
}

// early returns what was read behind the response that accepted.
func (l *handshaking) early() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	accepted := l.got[max(0, bytes.Index(l.got, []byte("HTTP/1.1 101"))):]
	if _, behind, ok := bytes.Cut(accepted, []byte("\r\n\r\n")); ok {
		return behind
	}
	return nil
}

// errNotDirect reports a connection that is no socket of the system's.
var errNotDirect = errors.New("load: not a TCP or Unix connection")
