package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/h2stream"
	"github.com/zerowire/websocket/pool"
)

// protocolField is where net/http and x/net/http2 keep the pseudo-header :protocol.
const protocolField = ":protocol"

// isExtendedConnect reports whether hr asks for a tunnel of some protocol in a stream of
// HTTP/2 (RFC 8441 §4). net/http accepts such requests only from a client to which it has
// announced that it does.
func isExtendedConnect(hr *http.Request) bool {
	return hr.ProtoMajor == 2 && hr.Method == http.MethodConnect && len(hr.Header[protocolField]) > 0
}

// errProtocol refuses an extended CONNECT for another protocol (RFC 9220 §3).
var errProtocol = &HandshakeError{Status: http.StatusNotImplemented, Reason: "the :protocol is not websocket"}

// upgradeHTTP2 is upgrade for an extended CONNECT. blocks says that the caller does not
// return to net/http before the stream is done; others close the Conn and return at once.
func (u *upgrader) upgradeHTTP2(w http.ResponseWriter, hr *http.Request, admit func(*Request) error, blocks bool) (*Conn, error) {
	if !strings.EqualFold(hr.Header.Get(protocolField), "websocket") {
		return nil, refuseHTTP(w, hr, errProtocol)
	}
	r := requests.Get().(*Request)
	head := pool.Get(firstHead)
	defer func() {
		pool.Put(head)
		r.Reset()
		requests.Put(r)
	}()
	var lines int
	head.B, lines = appendConnectHead(head.B, hr, admit != nil)
	if err := u.judge(r, head.B, lines, admit); err != nil {
		return nil, refuseHTTP(w, hr, err)
	}
	protocol := selectSubprotocol(u.settings.Subprotocols, r)
	ext := u.settings.Compression.accept(r.Extensions())
	if err := setAcceptance(w.Header(), protocol, ext); err != nil {
		return nil, fail(w, err)
	}
	if keys := hr.Header["Sec-Websocket-Key"]; len(keys) == 1 && len(keys[0]) == len(zeroKey) {
		// HTTP/2 has no key (RFC 8441 §5), but undici sends one and wants the answer.
		accept := codec.AcceptKey([]byte(keys[0]))
		w.Header().Set("Sec-WebSocket-Accept", string(accept[:]))
	}
	nc, err := h2stream.Accept(w, hr, !blocks)
	if err != nil {
		if errors.Is(err, http.ErrNotSupported) {
			err = fmt.Errorf("%w: %T cannot be flushed: a middleware that wraps the ResponseWriter needs a method Unwrap", err, w)
		}
		return nil, fmt.Errorf("websocket: upgrade: %w", err)
	}
	return newConn(nc, RoleServer, u.settings, protocol, ext, nil), nil
}

// appendConnectHead appends what stands for hr in the codec: the request of HTTP/1.1 with
// the same target and fields (RFC 8441 §5). The fields that HTTP/2 has not are those of
// every opening handshake; the key is of zeros, and nothing is derived from it.
func appendConnectHead(dst []byte, hr *http.Request, all bool) (_ []byte, lines int) {
	get := *hr
	get.Method, get.Proto = http.MethodGet, "HTTP/1.1"
	get.Header = make(http.Header, len(hr.Header)+4)
	for name, values := range hr.Header {
		if name != protocolField {
			get.Header[name] = values
		}
	}
	get.Header["Upgrade"] = []string{"websocket"}
	get.Header["Connection"] = []string{"Upgrade"}
	get.Header["Sec-Websocket-Key"] = []string{zeroKey}
	return appendHead(dst, &get, all)
}

var zeroKey = func() string { key := codec.EncodeKey([16]byte{}); return string(key[:]) }()

// setAcceptance puts into h, which the application has filled, what the response that
// accepts a request says. It judges h as appendAcceptance does.
func setAcceptance(h http.Header, protocol string, ext extension) error {
	for name, values := range h {
		switch http.CanonicalHeaderKey(name) {
		case "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer":
			delete(h, name)
			continue
		}
		for _, value := range values {
			if _, err := appendField(nil, name, value); err != nil {
				delete(h, name) // nor may it go out with the 500
				return err
			}
		}
	}
	if protocol != "" {
		h.Set("Sec-WebSocket-Protocol", protocol)
	}
	if ext.on {
		h.Set("Sec-WebSocket-Extensions", ext.String())
	}
	return nil
}

// awaitStream waits until the stream of c may be given back to net/http, which a
// connection of HTTP/1.1 does not need.
func awaitStream(c *Conn) {
	if stream, ok := c.transport.Conn().(*h2stream.Conn); ok {
		<-stream.Done()
	}
}
