// Command fasthttp serves WebSockets on fasthttp, which does not use net/http. The opening
// handshake is done in three steps: Upgrader.Negotiate judges the request, the program
// sends the response, and NewConn makes a connection of what fasthttp hands over.
//
//	go run ./examples/frameworks/fasthttp
//	zerowire connect ws://127.0.0.1:8000/rooms/lobby
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	flag.Parse()
	log.Fatal(newServer().ListenAndServe(*addr))
}

func newServer() *fasthttp.Server {
	return &fasthttp.Server{
		Handler: handle,
		// The connection belongs to the websocket.Conn, which closes it: without this
		// setting its Close does nothing.
		KeepHijackedConns: true,
	}
}

func handle(ctx *fasthttp.RequestCtx) {
	name, ok := strings.CutPrefix(string(ctx.Path()), "/rooms/")
	if !ok {
		ctx.NotFound()
		return
	}
	upgrade(ctx, websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, fmt.Appendf(nil, "%s: %s", name, p))
	}))
}

var upgrader = websocket.Upgrader{Options: websocket.Options{Subprotocols: []string{"rooms.v1"}}}

// upgrade performs the server's side of the opening handshake, and serves the connection
// with h. It refuses a request that violates a rule.
func upgrade(ctx *fasthttp.RequestCtx, h websocket.Handler) {
	header := http.Header{}
	for name, value := range ctx.Request.Header.All() {
		header.Add(string(name), string(value))
	}
	result, err := negotiate(ctx, header)
	if err != nil {
		refuse(ctx, err)
		return
	}
	accept := codec.AcceptKey(ctx.Request.Header.Peek("Sec-WebSocket-Key"))
	ctx.SetStatusCode(fasthttp.StatusSwitchingProtocols)
	for name, value := range map[string]string{
		"Upgrade":                  "websocket",
		"Connection":               "Upgrade",
		"Sec-WebSocket-Accept":     string(accept[:]),
		"Sec-WebSocket-Protocol":   result.Subprotocol,
		"Sec-WebSocket-Extensions": result.Extensions,
	} {
		if value != "" {
			ctx.Response.Header.Set(name, value)
		}
	}
	ctx.Hijack(func(nc net.Conn) { // after the response has been sent
		c, err := websocket.NewConn(nc, websocket.RoleServer, result, &upgrader.Options)
		if err != nil {
			nc.Close()
			return
		}
		c.Start(h)
	})
}

// negotiate judges a request. What is particular to HTTP/1.1 is judged here (RFC 6455
// §4.2.1), and the rest by the Upgrader.
func negotiate(ctx *fasthttp.RequestCtx, header http.Header) (websocket.Handshake, error) {
	refused := func(status int, reason string) (websocket.Handshake, error) {
		return websocket.Handshake{}, &websocket.HandshakeError{Status: status, Reason: reason}
	}
	keys := header.Values("Sec-WebSocket-Key")
	switch {
	case !ctx.IsGet():
		return refused(http.StatusMethodNotAllowed, "the method is not GET")
	case !hasToken(header, "Upgrade", "websocket"), !hasToken(header, "Connection", "upgrade"):
		return refused(http.StatusUpgradeRequired, "no upgrade to websocket is requested")
	case len(keys) != 1 || !codec.ValidKey(keys[0]):
		return refused(http.StatusBadRequest, "the Sec-WebSocket-Key is not valid")
	}
	return upgrader.Negotiate(string(ctx.Host()), header)
}

// hasToken reports whether a header field has a token, in whatever case.
func hasToken(header http.Header, field, token string) bool {
	return codec.HasToken(strings.Join(header.Values(field), ","), token)
}

// refuse answers a request that is refused because of err.
func refuse(ctx *fasthttp.RequestCtx, err error) {
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok {
		refused = &websocket.HandshakeError{Status: http.StatusInternalServerError, Reason: "internal error"}
	}
	ctx.Error(refused.Reason, refused.Status)
	if refused.Status == http.StatusUpgradeRequired { // RFC 6455 §4.4, RFC 9110 §15.5.22
		ctx.Response.Header.Set("Upgrade", "websocket")
		ctx.Response.Header.Set("Sec-WebSocket-Version", "13")
	}
	ctx.SetConnectionClose()
}
