package websocket

import (
	"bufio"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

// Upgrader upgrades HTTP requests to WebSocket connections. The zero value is
// ready for use. Its fields must not be changed while Upgrade is called; Upgrade may
// be called concurrently.
type Upgrader struct {
	// HandshakeTimeout limits sending the response; 0 means no limit.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are the sizes of the buffers for the network,
	// in bytes. Messages may be larger. 0 means the HTTP server's: 4096. A message
	// from NextWriter leaves in frames of WriteBufferSize.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool keeps write buffers while no message is being written; nil means
	// package pool of this library. Connections hold none between messages in either
	// case.
	WriteBufferPool BufferPool

	// Subprotocols are those that the server speaks. The first of them that the client
	// offers is selected. If it is nil, the response header Sec-WebSocket-Protocol that
	// is passed to Upgrade decides.
	Subprotocols []string

	// Error replies to a request that is refused; reason is a HandshakeError. nil
	// means http.Error with the status' text.
	Error func(w http.ResponseWriter, r *http.Request, status int, reason error)

	// CheckOrigin reports whether requests from the page that the header Origin names
	// are accepted. nil means: no Origin, or one with the request's host.
	CheckOrigin func(r *http.Request) bool

	// EnableCompression accepts permessage-deflate (RFC 7692), without context
	// takeover, if the client offers it.
	EnableCompression bool
}

// HandshakeError is why an upgrade was refused.
type HandshakeError struct{ message string }

// Error returns the reason.
func (e HandshakeError) Error() string { return e.message }

// refusal is the status and the reason of a request that is refused.
type refusal struct {
	status int
	reason string
}

// Upgrade accepts the WebSocket handshake in r and takes the connection over from
// the HTTP server. responseHeader is sent with the response; it may have
// Set-Cookie and, if Subprotocols is nil, Sec-WebSocket-Protocol, but not
// Sec-WebSocket-Extensions.
//
// If r is refused, Upgrade has replied through Error and returns a [HandshakeError].
func (u *Upgrader) Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header) (*Conn, error) {
	if no := u.check(r, responseHeader); no != nil {
		return nil, u.refuse(w, r, no)
	}
	agreed, compress := u.extension(r)
	subprotocol := u.subprotocol(r, responseHeader)
	response, err := appendResponse(nil, r, subprotocol, agreed, compress, responseHeader)
	if err != nil {
		return nil, u.refuse(w, r, &refusal{http.StatusInternalServerError, "response header: " + err.Error()})
	}
	nc, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, u.refuse(w, r, &refusal{http.StatusInternalServerError, "taking the connection over: " + err.Error()})
	}
	if brw.Reader.Buffered() > 0 {
		nc.Close()
		return nil, errors.New("websocket: upgrade: the client has sent data before the response")
	}
	if err := u.respond(nc, response); err != nil {
		nc.Close()
		return nil, err
	}
	c := u.newConn(nc, brw)
	c.subprotocol = subprotocol
	if compress {
		c.agree(agreed)
	}
	return c, nil
}

// check judges a request by RFC 6455 §4.2.1.
func (u *Upgrader) check(r *http.Request, responseHeader http.Header) *refusal {
	checkOrigin := u.CheckOrigin
	if checkOrigin == nil {
		checkOrigin = sameOrigin
	}
	key := r.Header["Sec-Websocket-Key"]
	switch {
	case !hasToken(r.Header, "Connection", "upgrade"):
		return &refusal{http.StatusBadRequest, "Connection header without the token upgrade: the client does not speak WebSocket"}
	case !hasToken(r.Header, "Upgrade", "websocket"):
		return &refusal{http.StatusBadRequest, "Upgrade header without the token websocket: the client does not speak WebSocket"}
	case r.Method != http.MethodGet:
		return &refusal{http.StatusMethodNotAllowed, "request method " + r.Method + ": want GET"}
	case !slices.Equal(r.Header["Sec-Websocket-Version"], []string{"13"}):
		return &refusal{http.StatusBadRequest, "Sec-WebSocket-Version: want 13 alone"}
	case responseHeader["Sec-Websocket-Extensions"] != nil:
		return &refusal{http.StatusInternalServerError, "response header Sec-WebSocket-Extensions: it is set by EnableCompression alone"}
	case !checkOrigin(r):
		return &refusal{http.StatusForbidden, fmt.Sprintf("origin %q not allowed for host %q", r.Header.Get("Origin"), r.Host)}
	case len(key) != 1 || !codec.ValidKey(key[0]):
		return &refusal{http.StatusBadRequest, "Sec-WebSocket-Key: want the base64 of 16 bytes, once"}
	}
	return nil
}

// refuse replies to a request that is refused.
func (u *Upgrader) refuse(w http.ResponseWriter, r *http.Request, no *refusal) error {
	err := HandshakeError{"websocket: upgrade: " + no.reason}
	if u.Error != nil {
		u.Error(w, r, no.status, err)
		return err
	}
	w.Header().Set("Sec-Websocket-Version", "13")
	http.Error(w, http.StatusText(no.status), no.status)
	return err
}

// extension answers the client's offers of permessage-deflate.
func (u *Upgrader) extension(r *http.Request) (agreed deflate.Params, ok bool) {
	if !u.EnableCompression {
		return agreed, false
	}
	agreed, ok = deflate.Policy{}.Accept(values(r.Header, "Sec-Websocket-Extensions"))
	agreed.ServerNoContextTakeover = true
	return agreed, ok
}

func (u *Upgrader) subprotocol(r *http.Request, responseHeader http.Header) string {
	if u.Subprotocols == nil {
		return responseHeader.Get("Sec-Websocket-Protocol")
	}
	offered := Subprotocols(r)
	for _, name := range u.Subprotocols {
		if slices.Contains(offered, name) {
			return name
		}
	}
	return ""
}

// appendResponse appends the response that accepts r. Control characters in the
// application's values become spaces, so that none can add a line.
func appendResponse(dst []byte, r *http.Request, subprotocol string, agreed deflate.Params, compress bool, h http.Header) ([]byte, error) {
	extension := ""
	if compress {
		extension = agreed.String()
	}
	dst, err := codec.AppendResponse(dst, []byte(r.Header.Get("Sec-Websocket-Key")), subprotocol, extension)
	if err != nil {
		return nil, err
	}
	dst = dst[:len(dst)-len("\r\n")]
	for name, values := range h {
		if name == "Sec-Websocket-Protocol" {
			continue
		}
		if !codec.IsToken(name) {
			return nil, fmt.Errorf("%q is not a name", name)
		}
		for _, value := range values {
			dst = append(append(append(dst, name...), ": "...), strings.Map(printable, value)...)
			dst = append(dst, "\r\n"...)
		}
	}
	return append(dst, "\r\n"...), nil
}

func printable(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

// respond sends the response.
func (u *Upgrader) respond(nc net.Conn, response []byte) error {
	nc.SetDeadline(time.Time{}) // the HTTP server's
	if u.HandshakeTimeout > 0 {
		nc.SetWriteDeadline(time.Now().Add(u.HandshakeTimeout))
		defer nc.SetWriteDeadline(time.Time{})
	}
	_, err := nc.Write(response)
	return err
}

// smallBuffer is the size, in bytes, below which the HTTP server's buffers are not
// used.
const smallBuffer = 256

// newConn makes a Conn of what the HTTP server has left. Its reader is used if the
// application wants no other size.
func (u *Upgrader) newConn(nc net.Conn, brw *bufio.ReadWriter) *Conn {
	sizes := bufferSizes{u.ReadBufferSize, u.WriteBufferSize, u.WriteBufferPool}
	var br *bufio.Reader
	if sizes.read == 0 && brw.Reader.Size() > smallBuffer {
		br = brw.Reader
		br.Reset(nc)
	}
	if room := brw.Writer.Size() - codec.MaxHeaderSize; sizes.write == 0 && sizes.pool == nil && room >= smallBuffer {
		sizes.write = room
	}
	return newConn(nc, codec.Server, sizes, br)
}

// sameOrigin reports whether r comes from no browser or from a page of its host.
func sameOrigin(r *http.Request) bool {
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		return true
	}
	u, err := url.Parse(origin[0])
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// IsWebSocketUpgrade reports whether r asks for an upgrade to WebSocket.
func IsWebSocketUpgrade(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

// Subprotocols returns the sub-protocols that the client offers in the first
// Sec-WebSocket-Protocol header of r, nil if none.
func Subprotocols(r *http.Request) []string {
	list := strings.TrimSpace(r.Header.Get("Sec-Websocket-Protocol"))
	if list == "" {
		return nil
	}
	names := strings.Split(list, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names
}

// Upgrade is [Upgrader.Upgrade] with these buffer sizes, without a check of the
// origin, and without a reply if the request is refused: the caller has to reply.
//
// Deprecated: Use Upgrader.
func Upgrade(w http.ResponseWriter, r *http.Request, responseHeader http.Header, readBufSize, writeBufSize int) (*Conn, error) {
	u := Upgrader{
		ReadBufferSize:  readBufSize,
		WriteBufferSize: writeBufSize,
		Error:           func(http.ResponseWriter, *http.Request, int, error) {},
		CheckOrigin:     func(*http.Request) bool { return true },
	}
	return u.Upgrade(w, r, responseHeader)
}

// hasToken reports whether the lists in the header lines called name have token,
// which is in lower case.
func hasToken(h http.Header, name, token string) bool {
	return slices.ContainsFunc(h[name], func(list string) bool { return codec.HasToken(list, token) })
}

// values iterates over the header lines called name.
func values(h http.Header, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, value := range h[name] {
			if !yield([]byte(value)) {
				return
			}
		}
	}
}
