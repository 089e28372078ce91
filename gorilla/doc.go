// Package websocket has the exported API of github.com/gorilla/websocket v1.5.3 on
// the engine of github.com/zerowire/websocket: its frame codec with SIMD masking
// and UTF-8 validation, its DEFLATE decoder, its buffer pools.
//
// # Moving an application
//
// One of two lines moves it. Either the import path in its source files,
//
//	import "github.com/zerowire/websocket/gorilla"
//
// or a line in its go.mod, which moves the packages that it depends on too:
//
//	replace github.com/gorilla/websocket => github.com/zerowire/websocket/gorilla v1.0.0
//
// New programs are better served by the API of github.com/zerowire/websocket, which
// watches the peer, limits what it can consume and shuts down gracefully.
//
// # Use
//
// A server calls [Upgrader.Upgrade] in an HTTP handler, a client [Dialer.Dial]. Both
// get a [Conn], which reads and writes messages as byte slices, as streams, or as
// JSON. The defaults are those of gorilla/websocket: no limits, no Pings, no
// timeouts. Set them with [Conn.SetReadLimit], [Conn.SetReadDeadline] and
// [Conn.SetWriteDeadline].
//
// Control frames are handled when the application reads, by the handlers that
// [Conn.SetPingHandler], [Conn.SetPongHandler] and [Conn.SetCloseHandler] set. So a
// connection has to be read even if no messages are expected. When reading fails,
// call [Conn.Close].
//
// One goroutine may read and one may write at the same time. [Conn.Close] and
// [Conn.WriteControl] may be called by any.
//
// # Differences from gorilla/websocket
//
// What breaks the protocol is refused. The connection then ends with a Close frame,
// and the read returns an error that wraps a codec.Violation:
//
//   - text that is not UTF-8 (RFC 6455 §8.1); [AllowInvalidUTF8] lets it pass
//   - a payload length that is not in its shortest form, or of 64 bits (§5.2)
//   - a reserved bit on a control frame or on a continuation (§5.2, RFC 7692 §6)
//   - a Close frame with a payload of one byte (§5.5.1)
//
// In the opening handshake, a list where RFC 6455 wants one value is refused:
// Sec-WebSocket-Version, Sec-WebSocket-Key, Sec-WebSocket-Accept. So is an
// extension that a client has not offered. What a peer says of the window sizes of
// compression is honoured; gorilla/websocket ignores it.
//
// Limits: [Conn.SetReadLimit] also limits what a compressed message inflates to.
//
// Writing: concurrent calls of [Conn.WriteMessage] do not panic, they take turns. A
// message that compression does not make smaller is sent uncompressed, and a server
// sends a compressed message from WriteMessage as one frame.
// [Conn.WriteJSON] sends nothing if the value cannot be encoded. A client masks each
// copy of a [PreparedMessage] with a new key.
//
// Reading: the payload of a message is never delivered past a protocol error, and
// a connection that ends while a message is skipped has status 1006 too.
//
// Dialing ends when its context does, also during the handshake. The protocol h2 is
// not offered in TLS, so that a tls.Config may be shared with net/http.
//
// Error texts differ, but for those of the exported errors and of [CloseError].
package websocket
