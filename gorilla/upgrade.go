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

// Upgrader upgrades HTTP requests to WebSocket connections. The zero value is valid. Its
// methods may be called concurrently. Its fields must not be changed during a call.
type Upgrader struct {
	// HandshakeTimeout limits the time for sending the response; 0 means no limit.
	HandshakeTimeout time.Duration

	// ReadBufferSize and WriteBufferSize are the sizes of the network buffers, in bytes; 0
	// means the size of the HTTP server's buffers, 4096. Messages may be larger: a message
	// of NextWriter is sent in frames of WriteBufferSize.
	ReadBufferSize, WriteBufferSize int

	// WriteBufferPool stores write buffers while no message is being written; nil means
	// package pool of this library. In both cases, connections hold no write buffer
	// between messages.
	WriteBufferPool BufferPool

	// Subprotocols are the sub-protocols of the server. The first one that the client
	// offers is selected. If nil, the field Sec-WebSocket-Protocol of the response header
	// that is passed to Upgrade is used.
	Subprotocols []string

	// Error writes the response to a refused request. reason is a [HandshakeError]. nil
	// means http.Error with the text of the status.
	Error func(w http.ResponseWriter, r *http.Request, status int, reason error)

	// CheckOrigin reports whether the origin of a request is allowed. nil allows requests
	// without Origin, and those whose Origin has the request's host.
	CheckOrigin func(r *http.Request) bool

	// EnableCompression accepts permessage-deflate (RFC 7692), without context
	// takeover, if the client offers it.
	EnableCompression bool
}

// HandshakeError is the error of a refused upgrade.
type HandshakeError struct{ message string }

// Error returns the reason.
func (e HandshakeError) Error() string { return e.message }

// refusal holds the status and the reason of a refused request.
type refusal struct {
	status int
	reason string
}

// Upgrade accepts the opening handshake in r (RFC 6455 §4.2) and takes ownership of the
// connection from the HTTP server. responseHeader is sent with the response. It may contain
// Set-Cookie and, if Subprotocols is nil, Sec-WebSocket-Protocol, but not
// Sec-WebSocket-Extensions.
//
// If Upgrade refuses r, it calls Error, and returns a [HandshakeError].
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

// check checks a request against RFC 6455 §4.2.1.
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

// refuse writes the response to a refused request.
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

// appendResponse appends the response that accepts r. It replaces control characters in the
// application's values by spaces, so that none can inject a header line.
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
	nc.SetDeadline(time.Time{}) // removes the HTTP server's deadlines
	if u.HandshakeTimeout > 0 {
		nc.SetWriteDeadline(time.Now().Add(u.HandshakeTimeout))
		defer nc.SetWriteDeadline(time.Time{})
	}
	_, err := nc.Write(response)
	return err
}

// smallBuffer is the minimum size, in bytes, of an HTTP server's buffer that is reused.
const smallBuffer = 256

// newConn returns a Conn on the connection of the HTTP server. It reuses the server's reader,
// unless the application has set another size.
func (u *Upgrader) newConn(nc net.Conn, brw *bufio.ReadWriter) *Conn {
	sizes := bufferSizes{u.ReadBufferSize, u.WriteBufferSize, u.WriteBufferPool}
	var br *bufio.Reader
	if sizes.read == 0 && brw.Reader.Size() > smallBuffer {
		br = brw.Reader
	}
	if room := brw.Writer.Size() - codec.MaxHeaderSize; sizes.write == 0 && sizes.pool == nil && room >= smallBuffer {
		sizes.write = room
	}
	return newConn(nc, codec.Server, sizes, br)
}

// sameOrigin reports whether r has no Origin, or an Origin with the request's host.
func sameOrigin(r *http.Request) bool {
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		return true
	}
	u, err := url.Parse(origin[0])
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// IsWebSocketUpgrade reports whether r requests an upgrade to WebSocket.
func IsWebSocketUpgrade(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

// Subprotocols returns the sub-protocols that the client offers in the first
// Sec-WebSocket-Protocol header of r, or nil if there are none.
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

// Upgrade is [Upgrader.Upgrade] with these buffer sizes. It does not check the origin. If it
// refuses the request, the caller must write the response.
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

// hasToken reports whether the lists in the header lines with the given name contain token,
// which must be in lower case.
func hasToken(h http.Header, name, token string) bool {
	return slices.ContainsFunc(h[name], func(list string) bool { return codec.HasToken(list, token) })
}

// values iterates over the values of the header lines with the given name.
func values(h http.Header, name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, value := range h[name] {
			if !yield([]byte(value)) {
				return
			}
		}
	}
}
