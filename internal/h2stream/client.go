package h2stream

import (
	"context"
	"io"
	"net"
)

// Request is the client's direction of a stream: the body of a request that opens it.
type Request struct {
	c *Conn
}

// NewRequest returns the body for an extended CONNECT request whose context cancel
// cancels: that makes the transport send RST_STREAM with CANCEL.
func NewRequest(cancel context.CancelFunc) *Request {
	c := newConn(nil, nil, nil, nil)
	c.halfClose = true
	c.finish = func(drained, ended bool) {
		if !drained || !ended {
			cancel()
			c.out.fail(errEnded) // the transport waits in Read, and not for the context
		}
	}
	return &Request{c}
}

// Read is for the transport.
func (r *Request) Read(p []byte) (int, error) { return r.c.out.Read(p) }

// Close is for the transport, which calls it when it reads no more: the stream has
// ended.
func (r *Request) Close() error {
	r.c.out.consumerGone()
	return nil
}

// Conn returns the stream, of which body is what the server sends.
func (r *Request) Conn(body io.ReadCloser, local, remote net.Addr) *Conn {
	r.c.body, r.c.local, r.c.remote = body, local, remote
	r.c.start()
	return r.c
}

// Secured is a net.Conn that needs no TLS above it, whatever the URL says: it is a stream
// of a connection that has it, or had it negotiated.
type Secured interface {
	net.Conn
	SecuredBelow()
}
