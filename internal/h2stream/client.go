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

// NewRequest returns the body for an extended CONNECT request. cancel cancels the context of
// the request, so that the transport sends RST_STREAM with CANCEL.
func NewRequest(cancel context.CancelFunc) *Request {
	c := newConn(nil, nil, nil, nil)
	c.halfClose = true
	c.finish = func(drained, ended bool) {
		if !drained || !ended {
			cancel()
			c.out.fail(errEnded) // the transport waits in Read, not for the context
		}
	}
	return &Request{c}
}

// Read returns the next bytes to send. The transport calls it.
func (r *Request) Read(p []byte) (int, error) { return r.c.out.Read(p) }

// Close ends sending. The transport calls it when the stream has ended.
func (r *Request) Close() error {
	r.c.out.consumerGone()
	return nil
}

// Conn returns the stream. body is the server's direction of it.
func (r *Request) Conn(body io.ReadCloser, local, remote net.Addr) *Conn {
	r.c.body, r.c.local, r.c.remote = body, local, remote
	r.c.start()
	return r.c
}

// Secured is a [net.Conn] that needs no TLS of its own, even if the URL asks for it: the
// connection below it has negotiated TLS already.
type Secured interface {
	net.Conn
	SecuredBelow()
}
