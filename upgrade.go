package websocket

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Upgrade does the server's side of the opening handshake (RFC 6455 §4.2) on a
// request that net/http serves, and takes the connection over from it. Read it
// in the same goroutine, or give it to Conn.Serve; net/http needs the goroutine
// no more.
//
//	c, err := websocket.Upgrade(w, r, nil)
//	if err != nil {
//		return // the client has been told
//	}
//
// The rules are Server's, the policy for origins too. A request that breaks them
// is answered, and its connection closed; the error is then a *HandshakeError,
// in which errors.As finds the codec.Refusal as well. Other errors are a w that
// cannot be hijacked, a header that may not be sent, and what the network
// reported. After an error there is nothing more to send to w.
//
// Over HTTP/1.1, w has to be one that http.ResponseController can hijack: a
// middleware's wrapper needs a method Unwrap. The header that was set on w is
// sent with the 101, without what describes a body or the connection. Bytes that
// came behind the request are the first frames. http.Server has nothing to do
// with the connection any more: neither its deadlines nor its Shutdown apply. Its
// limits on the size of the request did.
//
// An extended CONNECT of HTTP/2 for a WebSocket (RFC 8441) is accepted as well, if
// net/http has announced that it may come: docs/http2.md says how. The response is 200
// then. The caller has to serve the connection in the handler: net/http ends the stream
// when the handler returns. CloseNow waits until the stream is no longer used, for at
// most two seconds.
//
// opts may be nil. What opts points to must not change after the first call: use
// one pointer for all requests, and they share one copy.
func Upgrade(w http.ResponseWriter, r *http.Request, opts *Options) (*Conn, error) {
	u := upgraderOf(opts)
	c, err := u.upgrade(w, r, nil, false)
	if c != nil {
		c.watchReading()
	}
	if refused := u.settings.Hooks.Refused; err != nil && refused != nil {
		refused(remoteAddr(r.RemoteAddr), err)
	}
	return c, err
}

// upgrader is what Upgrade makes of Options.
type upgrader struct {
	settings *settings
	origins  originPolicy
}

func newUpgrader(o Options) *upgrader {
	return &upgrader{settings: o.resolve(), origins: newOriginPolicy(o.Origins)}
}

var (
	defaultUpgrader = sync.OnceValue(func() *upgrader { return newUpgrader(Options{}) })

	// upgraders maps weak.Pointer[Options] to *upgrader, so that connections share
	// one for as long as their Options live.
	upgraders sync.Map
)

func upgraderOf(opts *Options) *upgrader {
	if opts == nil {
		return defaultUpgrader()
	}
	key := weak.Make(opts)
	if u, ok := upgraders.Load(key); ok {
		return u.(*upgrader)
	}
	u, known := upgraders.LoadOrStore(key, newUpgrader(*opts))
	if !known {
		runtime.AddCleanup(opts, func(key weak.Pointer[Options]) { upgraders.Delete(key) }, key)
	}
	return u.(*upgrader)
}

// upgrade does what Upgrade says. admit, if it is not nil, may refuse a request
// that is right, for which it gets the whole head. blocks is for upgradeHTTP2.
func (u *upgrader) upgrade(w http.ResponseWriter, hr *http.Request, admit func(r *Request) error, blocks bool) (*Conn, error) {
	if isExtendedConnect(hr) {
		return u.upgradeHTTP2(w, hr, admit, blocks)
	}
	r := requests.Get().(*Request)
	head, out := pool.Get(firstHead), pool.Get(pool.MinSize)
	defer func() {
		pool.Put(head)
		pool.Put(out)
		r.Reset()
		requests.Put(r)
	}()
	var lines int
	head.B, lines = appendHead(head.B, hr, admit != nil)
	if err := u.judge(r, head.B, lines, admit); err != nil {
		return nil, refuseHTTP(w, hr, err)
	}
	protocol := selectSubprotocol(u.settings.Subprotocols, r)
	ext := u.settings.Compression.accept(r.Extensions())
	var err error
	if out.B, err = appendAcceptance(out.B, r, protocol, ext, w.Header()); err != nil {
		return nil, fail(w, err)
	}
	nc, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		if errors.Is(err, http.ErrNotSupported) {
			err = fmt.Errorf("%w: %T cannot be hijacked: a middleware that wraps the ResponseWriter needs a method Unwrap", err, w)
		}
		return nil, fail(w, err)
	}
	nc.SetDeadline(deadlineIn(u.settings.HandshakeTimeout)) // in place of http.Server's
	if err := writeAll(nc, out.B); err != nil {
		nc.Close()
		return nil, fmt.Errorf("websocket: upgrade: %w", err)
	}
	nc.SetDeadline(time.Time{})
	early, _ := in.Reader.Peek(in.Reader.Buffered())
	return newConn(nc, RoleServer, u.settings, protocol, ext, early), nil
}

// appendHead appends the head of hr as it came, of so many lines: what the
// opening handshake looks at, or all of it, in the form that the codec judges.
func appendHead(dst []byte, hr *http.Request, all bool) (_ []byte, lines int) {
	target := hr.RequestURI
	if target == "" {
		target = hr.URL.RequestURI() // made by a program
	}
	dst = append(dst, hr.Method...)
	dst = append(append(dst, ' '), target...)
	dst = append(append(dst, ' '), hr.Proto...)
	lines = 2
	add := func(name, value string) {
		dst = append(append(dst, "\r\n"...), name...)
		dst = append(append(dst, ": "...), value...)
		lines++
	}
	add("Host", hr.Host) // net/http keeps these two elsewhere
	for _, coding := range hr.TransferEncoding {
		add("Transfer-Encoding", coding)
	}
	if all {
		for name, values := range hr.Header {
			for _, value := range values {
				add(name, value)
			}
		}
		return append(dst, "\r\n\r\n"...), lines
	}
	for _, name := range handshakeFields {
		for _, value := range hr.Header[name] {
			add(name, value)
		}
	}
	return append(dst, "\r\n\r\n"...), lines
}

// handshakeFields are the fields of a request that the codec judges, in
// net/http's spelling.
var handshakeFields = [...]string{
	"Upgrade", "Connection", "Content-Length", "Origin",
	"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions",
}

// judge reports for what the request is refused.
func (u *upgrader) judge(r *Request, head []byte, lines int, admit func(r *Request) error) error {
	if bytes.Count(head, []byte{'\n'}) != lines {
		return codec.ErrHeaderValue // a middleware set one that is not one line
	}
	if _, err := r.Parse(head); err != nil {
		return err
	}
	if err := r.Check(); err != nil {
		return err
	}
	if !u.origins.allow(r.Origin(), r.Host()) {
		return codec.ErrOrigin
	}
	if admit != nil {
		return admit(r)
	}
	return nil
}

// refuseHTTP answers a request that is refused because of err, and returns the
// error for it.
func refuseHTTP(w http.ResponseWriter, hr *http.Request, err error) error {
	if refusal, ok := errors.AsType[codec.Refusal](err); ok {
		writeRefusal(w, hr, refusal)
		return refusedFor(refusal)
	}
	refused := handshakeError(err)
	if hr.ProtoMajor == 1 { // in HTTP/2 the connection has other requests
		w.Header().Set("Connection", "close")
	}
	http.Error(w, refused.Reason, refused.Status)
	return refused
}

// refusedFor is the error for a request that was refused.
func refusedFor(refusal codec.Refusal) *HandshakeError {
	return &HandshakeError{Status: refusal.HTTPStatus(), Reason: reason(refusal), cause: refusal}
}

// remoteAddr is the address of a client as net/http tells it.
type remoteAddr string

func (remoteAddr) Network() string  { return "tcp" }
func (a remoteAddr) String() string { return string(a) }

// writeRefusal answers a request that is refused, as codec.AppendRefusal does,
// and has its connection closed: what follows it may be frames.
func writeRefusal(w http.ResponseWriter, r *http.Request, refusal codec.Refusal) {
	h := w.Header()
	status := refusal.HTTPStatus()
	if r.ProtoMajor == 1 { // in HTTP/2 the connection has other requests
		h["Connection"] = []string{"close"}
	}
	switch status {
	case http.StatusMethodNotAllowed:
		h.Set("Allow", http.MethodGet)
	case http.StatusUpgradeRequired:
		h.Set("Sec-WebSocket-Version", "13")
		if r.ProtoMajor != 1 {
			status = http.StatusBadRequest // 426 needs the field Upgrade, which HTTP/2 has not (RFC 9113 §8.2.2)
			break
		}
		h.Set("Upgrade", "websocket")
		h.Add("Connection", "Upgrade") // behind "close": http.Server minds the first line only
	}
	http.Error(w, reason(refusal), status)
}

// reason is what a person at the other end is told.
func reason(refusal codec.Refusal) string { return strings.TrimPrefix(refusal.Error(), "codec: ") }

// fail answers a request that would be right with 500, and returns err: the
// fault is in this program.
func fail(w http.ResponseWriter, err error) error {
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	return fmt.Errorf("websocket: upgrade: %w", err)
}

// appendAcceptance appends the 101 that accepts r, with the fields of h.
func appendAcceptance(dst []byte, r *Request, protocol string, ext extension, h http.Header) ([]byte, error) {
	dst, err := codec.AppendResponse(dst, r.Key(), protocol, ext.String())
	if err != nil || len(h) == 0 {
		return dst, err
	}
	dst = dst[:len(dst)-len("\r\n")]
	for name, values := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer":
			continue
		}
		for _, value := range values {
			if dst, err = appendField(dst, name, value); err != nil {
				delete(h, name) // nor may it go out with the 500
				return dst, err
			}
		}
	}
	return append(dst, "\r\n"...), nil
}

// appendField appends a header line of the user's to a 101.
func appendField(dst []byte, name, value string) ([]byte, error) {
	const reserved = "sec-websocket-"
	switch {
	case !codec.IsToken(name) || strings.ContainsFunc(value, isControl):
		return dst, fmt.Errorf("header %q: %w", name, codec.MisuseHeader)
	case len(name) >= len(reserved) && strings.EqualFold(name[:len(reserved)], reserved):
		return dst, fmt.Errorf("header %q: %w: use Options", name, codec.MisuseReserved)
	}
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...), nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F }
