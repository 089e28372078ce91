package h2

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/h2stream"
)

// bridge is a stream on which websocket.Dial performs the opening handshake of HTTP/1.1. It
// converts the request that Dial writes to an extended CONNECT (RFC 8441 §4), which opens the
// stream, and the response to one of HTTP/1.1. So the same code of Dial handles both versions.
// After the handshake, a bridge passes all calls to the stream.
type bridge struct {
	ctx     context.Context // of the opening handshake
	session *session
	secure  bool

	cancel   context.CancelFunc // resets the stream, if it is open
	life     context.Context    // of the stream
	request  bytes.Buffer       // head of the request, as far as it was written
	response []byte             // part of the response that Read has not returned

	mu     sync.Mutex
	stream *h2stream.Conn // nil until the server has accepted
	opened bool           // the reserved stream was used
	closed bool
}

func newBridge(ctx context.Context, s *session, secure bool) *bridge {
	b := &bridge{ctx: ctx, session: s, secure: secure}
	// Without the values of ctx: Dial calls the hooks of net/http/httptrace, and the
	// transport would call them again.
	b.life, b.cancel = context.WithCancel(context.Background())
	return b
}

// SecuredBelow implements [h2stream.Secured]: the HTTP/2 connection provides TLS, if any.
func (b *bridge) SecuredBelow() {}

// conn returns the stream, or nil during the opening handshake.
func (b *bridge) conn() *h2stream.Conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stream
}

// Write buffers the request, and performs the opening handshake when the request is complete.
// Later calls write to the stream.
func (b *bridge) Write(p []byte) (int, error) {
	if stream := b.conn(); stream != nil {
		return stream.Write(p)
	}
	b.request.Write(p)
	if !bytes.HasSuffix(b.request.Bytes(), []byte("\r\n\r\n")) {
		return len(p), nil
	}
	if err := b.handshake(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Read returns the response, then the bytes that the server sends.
func (b *bridge) Read(p []byte) (int, error) {
	if len(b.response) > 0 {
		n := copy(p, b.response)
		b.response = b.response[n:]
		return n, nil
	}
	if stream := b.conn(); stream != nil {
		return stream.Read(p)
	}
	return 0, io.EOF
}

// handshake opens the stream with the request that was written.
func (b *bridge) handshake() error {
	asked, err := http.ReadRequest(bufio.NewReader(&b.request))
	if err != nil {
		return err
	}
	key := asked.Header.Get("Sec-WebSocket-Key")
	body := h2stream.NewRequest(b.cancel)
	request := b.extendedConnect(asked, body)
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return net.ErrClosed
	}
	b.opened = true
	b.mu.Unlock()
	stop := context.AfterFunc(b.ctx, b.cancel)
	response, err := b.session.conn.RoundTrip(request)
	if !stop() && err == nil {
		response.Body.Close()
		err = context.Cause(b.ctx)
	}
	if err != nil {
		b.cancel()
		if notProcessed(err) {
			err = fmt.Errorf("%w: %w", errNotProcessed, err)
		}
		return fmt.Errorf("HTTP/2: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		b.refused(response)
		return nil
	}
	b.accepted(response, key)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stream = body.Conn(responseBody{response.Body}, b.session.settings.LocalAddr(), b.session.settings.RemoteAddr())
	if b.closed {
		b.stream.Close()
	}
	return nil
}

// errNotProcessed reports that the server has not processed the request.
var errNotProcessed = errors.New("the server has not processed the request")

// notProcessed reports whether err, from RoundTrip, guarantees that the server has not
// processed the request, so that it may be sent again (RFC 9113 §8.7). Two of these errors are
// not exported by x/net/http2.
func notProcessed(err error) bool {
	if reset, ok := errors.AsType[http2.StreamError](err); ok {
		return reset.Code == http2.ErrCodeRefusedStream
	}
	switch err.Error() {
	case "http2: Transport received Server's graceful shutdown GOAWAY", "http2: client conn not usable":
		return true
	}
	return false
}

// extendedConnect converts asked to a request of HTTP/2.
func (b *bridge) extendedConnect(asked *http.Request, body io.ReadCloser) *http.Request {
	u := *asked.URL
	u.Scheme, u.Host = "http", asked.Host
	if b.secure {
		u.Scheme = "https"
	}
	h := asked.Header
	for _, name := range []string{"Upgrade", "Connection", "Sec-Websocket-Key"} {
		delete(h, name)
	}
	h[":protocol"] = []string{"websocket"}
	if _, set := h["User-Agent"]; !set {
		h["User-Agent"] = []string{""} // sends none, as over HTTP/1.1
	}
	r := &http.Request{Method: http.MethodConnect, URL: &u, Host: asked.Host, Header: h, Body: body, ContentLength: -1}
	return r.WithContext(b.life)
}

// accepted converts r, which accepts the WebSocket, to a response of HTTP/1.1.
func (b *bridge) accepted(r *http.Response, key string) {
	accept := codec.AcceptKey([]byte(key))
	h := withoutFraming(r.Header)
	h.Set("Upgrade", "websocket")
	h.Set("Connection", "Upgrade")
	h.Set("Sec-WebSocket-Accept", string(accept[:]))
	b.response = appendHead(http.StatusSwitchingProtocols, h)
}

// responseBody is the body of the response that accepts the WebSocket.
type responseBody struct{ io.ReadCloser }

// Read returns a [*h2stream.ResetError] after RST_STREAM.
func (r responseBody) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if reset, ok := errors.AsType[http2.StreamError](err); ok {
		err = &h2stream.ResetError{Code: uint32(reset.Code)}
	}
	return n, err
}

// Limits for the body of a refusal. Status and header matter more, and some bodies never
// arrive.
const (
	maxRefusal = 64 << 10 // bytes
	bodyTime   = 500 * time.Millisecond
)

// refused converts r, a refusal, to a response of HTTP/1.1, and ends the stream.
func (b *bridge) refused(r *http.Response) {
	wait := bodyTime
	if r.StatusCode/100 == 3 && r.Header.Get("Location") != "" {
		wait = 0 // Dial follows the redirect and does not need the body
	}
	late := time.AfterFunc(wait, b.cancel)
	defer late.Stop()
	stop := context.AfterFunc(b.ctx, b.cancel)
	defer stop()
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRefusal))
	b.cancel()
	h := withoutFraming(r.Header)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	b.response = append(appendHead(r.StatusCode, h), body...)
}

// withoutFraming returns a copy of h without the fields that describe the transfer of a body.
func withoutFraming(h http.Header) http.Header {
	h = h.Clone()
	for _, name := range []string{"Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer", "Sec-Websocket-Accept"} {
		delete(h, name)
	}
	return h
}

func appendHead(status int, h http.Header) []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	h.Write(&head)
	head.WriteString("\r\n")
	return head.Bytes()
}

// Close closes the stream, or aborts the opening handshake.
func (b *bridge) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	stream, opened := b.stream, b.opened
	b.mu.Unlock()
	switch {
	case stream != nil:
		return stream.Close()
	case first && !opened:
		b.unreserve()
	}
	b.cancel()
	return nil
}

// unreserve releases a reserved stream that was not used.
func (b *bridge) unreserve() {
	b.cancel()
	r, _ := http.NewRequestWithContext(b.life, http.MethodGet, "https://unused.invalid/", nil)
	if response, err := b.session.conn.RoundTrip(r); err == nil { // canceled before the request is sent
		response.Body.Close()
	}
}

// LocalAddr returns the address of this end of the HTTP/2 connection.
func (b *bridge) LocalAddr() net.Addr { return b.session.settings.LocalAddr() }

// RemoteAddr returns the address of the other end of the HTTP/2 connection.
func (b *bridge) RemoteAddr() net.Addr { return b.session.settings.RemoteAddr() }

// SetDeadline sets both deadlines. During the opening handshake it has no effect: the context
// of Dial limits the time.
func (b *bridge) SetDeadline(t time.Time) error {
	if stream := b.conn(); stream != nil {
		return stream.SetDeadline(t)
	}
	return nil
}

// SetReadDeadline sets the deadline of Read.
func (b *bridge) SetReadDeadline(t time.Time) error {
	if stream := b.conn(); stream != nil {
		return stream.SetReadDeadline(t)
	}
	return nil
}

// SetWriteDeadline sets the deadline of Write.
func (b *bridge) SetWriteDeadline(t time.Time) error {
	if stream := b.conn(); stream != nil {
		return stream.SetWriteDeadline(t)
	}
	return nil
}
