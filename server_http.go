package websocket

import (
	"net"
	"net/http"
	"time"

	"github.com/zerowire/websocket/codec"
)

// httpFallback serves the requests that are no opening handshake with net/http.
type httpFallback struct {
	server       *http.Server
	conns        handover
	writeTimeout time.Duration
}

func newHTTPFallback(h http.Handler, set *settings) *httpFallback {
	f := &httpFallback{
		server: &http.Server{Handler: h, ReadHeaderTimeout: set.HandshakeTimeout, ReadTimeout: set.MessageTimeout},
		conns:  handover{conns: make(chan net.Conn), closed: make(chan struct{})},

		writeTimeout: set.WriteTimeout,
	}
	// The next request may be an opening handshake: it has to come on a connection
	// of its own, to Server's own parser.
	f.server.SetKeepAlivesEnabled(false)
	go f.server.Serve(f.conns)
	return f
}

// serve hands nc over. early is what was read from it, and is copied.
func (f *httpFallback) serve(nc net.Conn, early []byte) {
	nc.SetDeadline(time.Time{})
	select {
	case f.conns.conns <- &replayed{Conn: nc, early: append([]byte(nil), early...), writeTimeout: f.writeTimeout}:
	case <-f.conns.closed:
		nc.Close()
	}
}

// handover is a listener whose connections come from another one.
type handover struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (h handover) Accept() (net.Conn, error) {
	select {
	case nc := <-h.conns:
		return nc, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. http.Server calls it once.
func (h handover) Close() error   { close(h.closed); return nil }
func (h handover) Addr() net.Addr { return &net.TCPAddr{} }

// replayed is a connection from which some bytes were read before, and whose peer has to
// make room for what is being sent.
type replayed struct {
	net.Conn
	early        []byte
	writeTimeout time.Duration // 0 for none
}

func (r *replayed) Read(p []byte) (int, error) {
	if len(r.early) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.early)
	r.early = r.early[n:]
	return n, nil
}

// Write takes as long as it may in pieces: http.Server's own limit is for a whole
// response, however large.
func (r *replayed) Write(p []byte) (n int, err error) {
	if r.writeTimeout == 0 {
		return r.Conn.Write(p)
	}
	for {
		r.SetWriteDeadline(deadlineIn(r.writeTimeout))
		k, err := r.Conn.Write(p[n:min(n+writePiece, len(p))])
		n += k
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// writePiece is for how many bytes of a response the peer has to make room in time.
const writePiece = 16 << 10

// WriteRefusal answers a request that is no opening handshake, at a place where
// only those are served: 405 if it is no GET, else 426 with the protocol and its
// version (RFC 6455 §4.4, RFC 9110 §15.5.22). It is for handlers beside a Server.
func WriteRefusal(w http.ResponseWriter, r *http.Request) {
	refusal := codec.ErrUpgrade
	if r.Method != http.MethodGet {
		refusal = codec.ErrMethod
	}
	writeRefusal(w, r, refusal)
}
