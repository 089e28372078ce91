package websocket

import (
	"context"
	"iter"
	"net"
	"net/http"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Request is a client's opening handshake, for the Route of a [Server] and [Hooks]. It was
// received by a Server's own listener, or by net/http. It is valid only during the call
// that it is passed to. The strings that its methods return stay valid; they are "" if the
// head could not be read.
type Request struct {
	head   codec.Request // behind net/http only the fields of the opening handshake
	in     *pool.Buffer  // the bytes of head
	http   *http.Request // nil on an own listener
	remote net.Addr      // nil behind net/http
}

// reset prepares r for the next request.
func (r *Request) reset() {
	r.head.Reset()
	if r.in != nil {
		pool.Put(r.in)
	}
	r.in = nil
	r.http, r.remote = nil, nil
}

// Method returns the method. For a valid request it is "GET", or "CONNECT" over HTTP/2.
func (r *Request) Method() string {
	if r.http != nil {
		return r.http.Method
	}
	return string(r.head.Method())
}

// Path returns the escaped path of the URL. Behind net/http it is the path that the
// handler receives, without a prefix that http.StripPrefix has removed.
func (r *Request) Path() string {
	if r.http != nil {
		return r.http.URL.EscapedPath()
	}
	return string(r.head.Path())
}

// Query returns the escaped part of the URL after the "?". url.ParseQuery parses it.
func (r *Request) Query() string {
	if r.http != nil {
		return r.http.URL.RawQuery
	}
	return string(r.head.Query())
}

// Host returns the host of the request, with its port if there is one.
func (r *Request) Host() string {
	if r.http != nil {
		return r.http.Host
	}
	return string(r.head.Host())
}

// Origin returns the Origin of the page, which browsers send (RFC 6455 §10.2), or "" if
// there is none.
func (r *Request) Origin() string { return string(r.head.Origin()) }

// Header returns the value of the first header line with the given name, or "" if there is
// none. The case of name does not matter.
func (r *Request) Header(name string) string {
	for value := range r.Values(name) {
		return value
	}
	return ""
}

// Values iterates over the values of all header lines with the given name, in their order.
// The case of name does not matter.
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

// Fields iterates over the names and values of the header lines. Behind net/http, names
// have its canonical spelling, the order is random, and Host is left out.
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

// Subprotocols iterates over the sub-protocols that the client offers, in its order of
// preference (RFC 6455 §1.9).
func (r *Request) Subprotocols() iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range r.head.Subprotocols() {
			if !yield(string(name)) {
				return
			}
		}
	}
}

// RemoteAddr returns the network address of the client, or of the proxy in between.
func (r *Request) RemoteAddr() net.Addr {
	if r.http != nil {
		return httpAddr(r.http.RemoteAddr)
	}
	return r.remote
}

// Context returns the context of net/http's request, with the values that middlewares have
// added. On a Server's own listener it returns context.Background.
func (r *Request) Context() context.Context {
	if r.http != nil {
		return r.http.Context()
	}
	return context.Background()
}

// HTTP returns the request of net/http, or nil on a Server's own listener.
func (r *Request) HTTP() *http.Request { return r.http }

// httpAddr is the address of a client as a string of net/http.
type httpAddr string

func (httpAddr) Network() string  { return "tcp" }
func (a httpAddr) String() string { return string(a) }
