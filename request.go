package websocket

import (
	"context"
	"iter"
	"net"
	"net/http"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Request is a client's opening handshake as Server.Route and the hooks see it, whether
// it came to a Server's own listener or through net/http. A Request is valid during the
// call that it is passed to; the strings that its methods return stay valid. Of a head
// that could not be read, they return "".
type Request struct {
	head   codec.Request // what the opening handshake looks at; all of it on an own listener
	in     *pool.Buffer  // what head was read from
	http   *http.Request // nil on an own listener
	remote net.Addr      // nil behind net/http
}

// reset makes r ready for the next request.
func (r *Request) reset() {
	r.head.Reset()
	if r.in != nil {
		pool.Put(r.in)
	}
	r.in = nil
	r.http, r.remote = nil, nil
}

// Method returns the method: "GET", or "CONNECT" over HTTP/2, if there is no fault.
func (r *Request) Method() string {
	if r.http != nil {
		return r.http.Method
	}
	return string(r.head.Method())
}

// Path returns the path of the URL, still escaped. Behind net/http it is the path that
// the handler sees, without what http.StripPrefix has removed.
func (r *Request) Path() string {
	if r.http != nil {
		return r.http.URL.EscapedPath()
	}
	return string(r.head.Path())
}

// Query returns what follows the "?" of the URL, still escaped; url.ParseQuery reads it.
func (r *Request) Query() string {
	if r.http != nil {
		return r.http.URL.RawQuery
	}
	return string(r.head.Query())
}

// Host returns the host, and the port if there is one, that the request is for.
func (r *Request) Host() string {
	if r.http != nil {
		return r.http.Host
	}
	return string(r.head.Host())
}

// Origin returns the Origin that a browser sends (RFC 6455 §10.2), "" if there is none.
func (r *Request) Origin() string { return string(r.head.Origin()) }

// Header returns the value of the first header line called name, in whatever case, and ""
// if there is none.
func (r *Request) Header(name string) string {
	for value := range r.Values(name) {
		return value
	}
	return ""
}

// Values iterates over the values of all header lines called name, in whatever case, in
// their order.
func (r *Request) Values(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if r.http != nil {
			for _, value := range r.http.Header.Values(name) {
				if !yield(value) {
					return
				}
			}
			return
		}
		for value := range r.head.Values(name) {
			if !yield(string(value)) {
				return
			}
		}
	}
}

// Fields iterates over the header lines. Behind net/http names are in its spelling, in no
// order, and Host is not among them.
func (r *Request) Fields() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if r.http != nil {
			for name, values := range r.http.Header {
				for _, value := range values {
					if !yield(name, value) {
						return
					}
				}
			}
			return
		}
		for name, value := range r.head.Fields() {
			if !yield(string(name), string(value)) {
				return
			}
		}
	}
}

// Subprotocols iterates over the sub-protocols that the client offers, the one it
// prefers first.
func (r *Request) Subprotocols() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range r.head.Subprotocols() {
			if !yield(string(name)) {
				return
			}
		}
	}
}

// RemoteAddr returns the address of the client, or of the proxy before it.
func (r *Request) RemoteAddr() net.Addr {
	if r.http != nil {
		return httpAddr(r.http.RemoteAddr)
	}
	return r.remote
}

// Context returns the context of net/http's request, with the values that middlewares
// have put into it, and context.Background on an own listener.
func (r *Request) Context() context.Context {
	if r.http != nil {
		return r.http.Context()
	}
	return context.Background()
}

// HTTP returns the request of net/http, nil on an own listener.
func (r *Request) HTTP() *http.Request { return r.http }

// httpAddr is the address of a client as net/http has it.
type httpAddr string

func (httpAddr) Network() string  { return "tcp" }
func (a httpAddr) String() string { return string(a) }
