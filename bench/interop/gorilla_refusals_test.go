package interop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// gorillaRequest is a request to Upgrader.Upgrade.
type gorillaRequest struct {
	name    string
	change  []string // pairs of a text in differentialRequest and its replacement
	up      websocket.Upgrader
	header  http.Header // of the response
	old     bool        // call the deprecated function Upgrade
	differs string      // as in gorillaScript
}

const (
	connectionLine = "Connection: Upgrade\r\n"
	upgradeLine    = "Upgrade: websocket\r\n"
	versionLine    = "Sec-WebSocket-Version: 13\r\n"
	keyLine        = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	protocolLine   = "Sec-WebSocket-Protocol: a, b\r\n"
)

func allowAll(*http.Request) bool { return true }

// teapot answers a refusal as an application might.
func teapot(w http.ResponseWriter, r *http.Request, status int, reason error) {
	w.Header().Set("X-Reason", fmt.Sprintf("%d %s", status, strings.TrimPrefix(fmt.Sprintf("%T", reason), "*")))
	w.WriteHeader(http.StatusTeapot)
}

var (
	upgradeDeflating = websocket.Upgrader{EnableCompression: true}
	offering         = func(extensions string) []string {
		return []string{protocolLine, "Sec-WebSocket-Extensions: " + extensions + "\r\n"}
	}
)

var gorillaRequests = []gorillaRequest{
	{name: "as it should be"},
	{name: "the old function", old: true, header: http.Header{"Sec-Websocket-Protocol": {"b"}}},
	{name: "the old function, refusing", old: true, change: []string{keyLine, ""}},
	{name: "the old function, foreign origin", old: true, change: []string{keyLine, keyLine + "Origin: https://b.example\r\n"}},
	{name: "POST", change: []string{"GET", "POST"}},
	{name: "HEAD", change: []string{"GET", "HEAD"}},
	{name: "OPTIONS", change: []string{"GET", "OPTIONS"}},
	{name: "HTTP/1.0", change: []string{"HTTP/1.1", "HTTP/1.0"}},
	{name: "no Connection", change: []string{connectionLine, ""}},
	{name: "Connection: keep-alive", change: []string{connectionLine, "Connection: keep-alive\r\n"}},
	{name: "Connection: a list", change: []string{connectionLine, "Connection: keep-alive,UPGRADE , x\r\n"}},
	{name: "Connection: two lines", change: []string{connectionLine, "Connection: keep-alive\r\nconnection: upgrade\r\n"}},
	{name: "Connection: part of a word", change: []string{connectionLine, "Connection: upgraded\r\n"}},
	{name: "Connection: empty elements", change: []string{connectionLine, "Connection: , ,upgrade\r\n"}, differs: "empty elements in the lists of Connection and Upgrade are ignored"},
	{name: "no Upgrade", change: []string{upgradeLine, ""}},
	{name: "Upgrade: h2c", change: []string{upgradeLine, "Upgrade: h2c\r\n"}},
	{name: "Upgrade: a list", change: []string{upgradeLine, "Upgrade: h2c, WebSocket\r\n"}},
	{name: "Upgrade: with a version", change: []string{upgradeLine, "Upgrade: websocket/13\r\n"}},
	{name: "no version", change: []string{versionLine, ""}},
	{name: "version 8", change: []string{versionLine, "Sec-WebSocket-Version: 8\r\n"}},
	{name: "version 013", change: []string{versionLine, "Sec-WebSocket-Version: 013\r\n"}},
	{name: "versions 13 and 8", change: []string{versionLine, "Sec-WebSocket-Version: 13, 8\r\n"}, differs: "must have one value: a list is refused"},
	{name: "versions 8 and 13 in two lines", change: []string{versionLine, "Sec-WebSocket-Version: 8\r\n" + versionLine}, differs: "must have one value: a list is refused"},
	{name: "no key", change: []string{keyLine, ""}},
	{name: "an empty key", change: []string{keyLine, "Sec-WebSocket-Key:\r\n"}},
	{name: "a key of 15 bytes", change: []string{keyLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"}},
	{name: "a key of 17 bytes", change: []string{keyLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWE=\r\n"}},
	{name: "a key that is not base64", change: []string{keyLine, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n"}},
	{name: "a key with spare bits set", change: []string{keyLine, "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n"}},
	{name: "two keys", change: []string{keyLine, keyLine + keyLine}, differs: "must have one value: a list is refused"},
	{name: "the origin of the host", change: []string{keyLine, keyLine + "Origin: http://a.example\r\n"}},
	{name: "the origin of the host, by TLS and in capitals", change: []string{keyLine, keyLine + "Origin: https://A.EXAMPLE\r\n"}},
	{name: "an origin with another port", change: []string{keyLine, keyLine + "Origin: http://a.example:8080\r\n"}},
	{name: "a foreign origin", change: []string{keyLine, keyLine + "Origin: https://b.example\r\n"}},
	{name: "a foreign origin that is allowed", up: websocket.Upgrader{CheckOrigin: allowAll}, change: []string{keyLine, keyLine + "Origin: https://b.example\r\n"}},
	{name: "an origin that is refused by the application", up: websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return false }}},
	{name: "an opaque origin", change: []string{keyLine, keyLine + "Origin: null\r\n"}},
	{name: "an empty origin", change: []string{keyLine, keyLine + "Origin:\r\n"}},
	{name: "a malformed origin", change: []string{keyLine, keyLine + "Origin: http://a b\r\n"}},
	{name: "two origins", change: []string{keyLine, keyLine + "Origin: http://a.example\r\nOrigin: https://b.example\r\n"}},
	{name: "Error", up: websocket.Upgrader{Error: teapot}, change: []string{versionLine, ""}},
	{name: "Error, method", up: websocket.Upgrader{Error: teapot}, change: []string{"GET", "PUT"}},
	{name: "Error, origin", up: websocket.Upgrader{Error: teapot}, change: []string{keyLine, keyLine + "Origin: https://b.example\r\n"}},
	{name: "Error without a fault", up: websocket.Upgrader{Error: teapot}},
	{name: "extensions in the response header", header: http.Header{"Sec-Websocket-Extensions": {"x"}}},
	{name: "cookies in the response header", header: http.Header{"Set-Cookie": {"a=1", "b=2; Path=/"}}},
	{name: "a line feed in the response header", header: http.Header{"X-A": {"1\r\nX-B: 2\x00"}}},
	{name: "a response header with a name that is none", header: http.Header{"X A": {"1"}}, differs: "the response header must have valid names and a valid sub-protocol"},
	{name: "a line feed in the sub-protocol", header: http.Header{"Sec-Websocket-Protocol": {"a\r\nX-B: 2"}}, differs: "the response header must have valid names and a valid sub-protocol"},
	{name: "a sub-protocol in the response header", header: http.Header{"Sec-Websocket-Protocol": {"c"}}},
	{name: "a sub-protocol in the response header beside a list", up: websocket.Upgrader{Subprotocols: []string{"a"}}, header: http.Header{"Sec-Websocket-Protocol": {"c"}}},
	{name: "the server's order of sub-protocols", up: websocket.Upgrader{Subprotocols: []string{"c", "b", "a"}}},
	{name: "no common sub-protocol", up: websocket.Upgrader{Subprotocols: []string{"c", "B"}}},
	{name: "an empty list of sub-protocols", up: websocket.Upgrader{Subprotocols: []string{}}, header: http.Header{"Sec-Websocket-Protocol": {"c"}}},
	{name: "sub-protocols in two lines", up: websocket.Upgrader{Subprotocols: []string{"c", "a"}}, change: []string{protocolLine, protocolLine + "Sec-WebSocket-Protocol: c\r\n"}},
	{name: "sub-protocols that are empty", up: websocket.Upgrader{Subprotocols: []string{"b"}}, change: []string{protocolLine, "Sec-WebSocket-Protocol: ,, b ,\r\n"}},
	{name: "no sub-protocols", change: []string{protocolLine, "Sec-WebSocket-Protocol:  \r\n"}},
	{name: "deflate offered", up: upgradeDeflating, change: offering("permessage-deflate")},
	{name: "deflate offered and off", change: offering("permessage-deflate")},
	{name: "deflate not offered", up: upgradeDeflating},
	{name: "another extension offered", up: upgradeDeflating, change: offering("x-webkit-deflate-frame, permessage-x; a=1")},
	{name: "deflate as a browser offers it", up: upgradeDeflating, change: offering("permessage-deflate; client_max_window_bits")},
	{name: "deflate among others", up: upgradeDeflating, change: offering("x; a=\"b\", permessage-deflate; client_no_context_takeover")},
	{name: "deflate beside a malformed extension", up: upgradeDeflating, change: offering("x; a=\"b,c\", permessage-deflate"), differs: "a malformed list offers nothing"},
	{name: "a window of the server", up: upgradeDeflating, change: offering("permessage-deflate; server_max_window_bits=10"), differs: "The peer's window sizes for compression are respected"},
	{name: "an unknown parameter", up: upgradeDeflating, change: offering("permessage-deflate; a=1"), differs: "An offer of permessage-deflate with an unknown parameter is declined"},
	{name: "data before the response", change: []string{"\r\n\r\n", "\r\n\r\n\x81\x80\x00\x00\x00\x00"}},
	{name: "a timeout of the handshake", up: websocket.Upgrader{HandshakeTimeout: time.Minute}},
}

// text returns the request.
func (q *gorillaRequest) text() string {
	request := differentialRequest + "\r\n"
	for pair := range slices.Chunk(q.change, 2) {
		request = strings.Replace(request, pair[0], pair[1], 1)
	}
	return request
}

// ask sends the request to a server of l. It returns what the server's application and the
// client see.
func (q *gorillaRequest) ask(t *testing.T, l *gorillaLibrary) (application, response string) {
	t.Helper()
	ln := listenDifferential(t, false)
	seen := make(chan string, 1)
	serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) {
		what := fmt.Sprintf("upgrade %v, sub-protocols %q", l.isUpgrade(r), l.subprotocols(r))
		var c gorillaConn
		var err error
		if q.old {
			c, err = l.upgradeOld(w, r, q.header)
		} else {
			c, err = l.upgrade(q.up, w, r, q.header)
		}
		what += ", " + l.seen(err)
		if err == nil {
			what += fmt.Sprintf(", sub-protocol %q", c.Subprotocol())
			defer c.Close()
		}
		seen <- what
	})
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	io.WriteString(nc, q.text())
	request, _ := http.NewRequest(q.text()[:strings.Index(q.text(), " ")], "http://a.example", nil)
	resp, err := http.ReadResponse(bufio.NewReader(nc), request)
	if err != nil {
		return <-seen, fmt.Sprintf("no response, end %v", errors.Is(err, io.ErrUnexpectedEOF))
	}
	body, err := io.ReadAll(resp.Body)
	resp.Header.Del("Date")
	return <-seen, fmt.Sprintf("%s %v %q %v", resp.Status, resp.Header, body, err)
}

// TestGorillaUpgrades sends requests to servers of both libraries, and compares what their
// applications and the client see.
func TestGorillaUpgrades(t *testing.T) {
	for _, q := range gorillaRequests {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			var shown [2][2]string
			for i, l := range []*gorillaLibrary{&theirGorilla, &ourGorilla} {
				shown[i][0], shown[i][1] = q.ask(t, l)
			}
			compareGorilla(t, q.differs, shown[0], shown[1])
		})
	}
}

// wrapped is a ResponseWriter as many middlewares have.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// TestGorillaUpgradeWriters upgrades with a ResponseWriter that cannot hijack the connection.
func TestGorillaUpgradeWriters(t *testing.T) {
	for _, l := range []*gorillaLibrary{&theirGorilla, &ourGorilla} {
		q := gorillaRequest{}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(q.text())))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		_, err = l.upgrade(websocket.Upgrader{}, w, r, nil)
		if got := l.seen(err); w.Code != 500 || w.Body.String() != "Internal Server Error\n" || got != "HandshakeError" {
			t.Errorf("a writer that cannot hijack is answered with %d %q, and %s", w.Code, w.Body, got)
		}
	}
	var shown [2]string
	for i, l := range []*gorillaLibrary{&theirGorilla, &ourGorilla} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := l.upgrade(websocket.Upgrader{}, wrapped{w}, r, nil); err == nil {
				c.Close()
			}
		}))
		defer s.Close()
		_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
		if resp == nil {
			t.Fatal(err)
		}
		shown[i] = resp.Status
	}
	compareGorilla(t, "An [http.ResponseWriter] may be wrapped", shown[0], shown[1])
}
