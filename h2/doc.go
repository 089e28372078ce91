// Package h2 opens WebSocket connections in streams of HTTP/2 (RFC 8441): a [Transport]
// shares one connection to a server among many WebSockets.
//
//	var transport h2.Transport
//	c, err := transport.Dial(ctx, "wss://example.com/chat", nil)
//
// [Transport.Dial] returns a [websocket.Conn] like any other. Sharing a TCP connection saves
// TLS handshakes and sockets. But one lost packet delays all WebSockets of the connection, and
// a message takes more CPU time than over HTTP/1.1.
//
// The server's side needs no package of its own: [websocket.Upgrade] and
// [websocket.Server.ServeHTTP] accept such streams from net/http.
package h2
