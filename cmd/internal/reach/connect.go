package reach

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/trace"
)

// Connect opens the connection on which an opening handshake with the server at
// rawURL can be done: through a proxy and with TLS as URL, flags and environment say.
// It sends nothing to the server itself. The caller owns the connection.
func (f *Flags) Connect(ctx context.Context, rawURL string) (net.Conn, error) {
	opts, err := f.Options()
	if err != nil {
		return nil, err
	}
	dial := opts.NetDial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	var socket *kept
	var nc net.Conn
	opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		socket = &kept{Conn: c}
		return socket, nil
	}
	opts.Wrap = func(c net.Conn) net.Conn {
		nc = c
		socket.taken.Store(true)
		return unwritable{c}
	}
	// Dial gives up when it would write the request. What it has built up to then
	// remains: proxies and TLS are not its job alone.
	if _, err = websocket.Dial(ctx, rawURL, opts); !errors.Is(err, errTaken) {
		if socket != nil {
			socket.Conn.Close()
		}
		return nil, err
	}
	socket.taken.Store(false)
	if nc == socket {
		nc = &firstRead{Conn: socket.Conn}
	}
	return nc, nc.SetDeadline(time.Time{})
}

// errTaken ends a Dial whose connection has been taken from it.
var errTaken = errors.New("connection taken")

// kept is a socket that Close leaves open while it is taken.
type kept struct {
	net.Conn
	taken atomic.Bool
}

func (k *kept) Close() error {
	if k.taken.Load() {
		return nil
	}
	return k.Conn.Close()
}

// unwritable refuses to write.
type unwritable struct{ net.Conn }

func (unwritable) Write([]byte) (int, error) { return 0, errTaken }

// firstRead recognises a TLS alert in place of the answer to an opening handshake.
type firstRead struct {
	net.Conn
	done bool
}

func (r *firstRead) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if first := p[:n]; !r.done && n > 0 {
		r.done = true
		if n > 1 && first[0] == 0x15 && first[1] == 0x03 { // RFC 8446 §5.1: alert, major version 3
			return 0, errWantsTLS
		}
	}
	return n, err
}

// CloseWrite ends the sending direction, if the connection can.
func (r *firstRead) CloseWrite() error { return trace.CloseWrite(r.Conn) }

// errWantsTLS reports a server that answers a plain request with TLS.
var errWantsTLS = errors.New("the server answered with a TLS alert")
