// Package h2 opens WebSocket connections in streams of HTTP/2 (RFC 8441): a [Transport]
// shares one connection to a server among many WebSockets.
//
//	var transport h2.Transport
//	c, err := transport.Dial(ctx, "wss://example.com/chat", nil)
//
// What Dial returns is a [websocket.Conn] like any other. Its messages share the TCP
// connection with those of the others: fewer TLS handshakes and fewer sockets, but one
// lost packet delays all of them, and a message costs more of the CPU than over HTTP/1.1.
//
// The server's side needs no package of its own: [websocket.Upgrade] and
// [websocket.Server.ServeHTTP] accept such streams from net/http.
package h2
