// Package websocket provides the exported API of github.com/gorilla/websocket v1.5.3 on the
// engine of github.com/zerowire/websocket: its frame codec with SIMD masking and UTF-8
// validation, its DEFLATE decoder and its buffer pools.
//
// # Migrating an application
//
// There are two ways, of one line each. Change the import path in the source files,
//
//	import "github.com/zerowire/websocket/gorilla"
//
// or add a line to go.mod, which also applies to the dependencies of the application:
//
//	go mod edit -replace github.com/gorilla/websocket=github.com/zerowire/websocket/gorilla@latest
//	go mod tidy
//
// For new programs, use the API of github.com/zerowire/websocket. It detects dead peers,
// limits the resources that a peer can consume, and shuts down gracefully.
//
// # Use
//
// A server calls [Upgrader.Upgrade] in an HTTP handler. A client calls [Dialer.Dial]. Both
// return a [Conn], which reads and writes messages as byte slices, as streams, or as JSON.
// The defaults are those of gorilla/websocket: no limits, no Pings, no timeouts. Set limits
// with [Conn.SetReadLimit], [Conn.SetReadDeadline] and [Conn.SetWriteDeadline].
//
// Control frames are handled while the application reads, by the handlers of
// [Conn.SetPingHandler], [Conn.SetPongHandler] and [Conn.SetCloseHandler]. So an application
// must read even if it expects no messages. When reading fails, call [Conn.Close].
//
// One goroutine may read and one may write at the same time. [Conn.Close] and
// [Conn.WriteControl] may be called concurrently with all other methods.
//
// # Differences from gorilla/websocket
//
// These violations of the protocol are refused. The connection ends with a Close frame, and
// the read returns an error that wraps a codec.Violation:
//
//   - text that is not UTF-8 (RFC 6455 §8.1); [AllowInvalidUTF8] allows it
//   - a compressed message that is not DEFLATE (RFC 7692 §7.2.2)
//   - a payload length that is not in its shortest form, or exceeds 63 bits (§5.2)
//   - a reserved bit on a control frame or on a continuation (§5.2, RFC 7692 §6)
//   - a Close frame with a payload of one byte (§5.5.1)
//
// A Close reason that is not UTF-8 is answered with status 1007. Status 1014 is accepted.
//
// In the opening handshake, Sec-WebSocket-Version, Sec-WebSocket-Key and
// Sec-WebSocket-Accept must have one value: a list is refused. However, empty elements in the
// lists of Connection and Upgrade are ignored. An offer of permessage-deflate with an unknown
// parameter is declined, and a malformed list offers nothing. An extension that the client has
// not offered is refused. The peer's window sizes for compression are respected;
// gorilla/websocket ignores them.
//
// Upgrading: the response header must have valid names and a valid sub-protocol; otherwise, the
// status is 500. An [http.ResponseWriter] may be wrapped, if it has the method Unwrap of
// [http.ResponseController].
//
// Limits: [Conn.SetReadLimit] also limits the inflated size of a compressed message.
//
// Writing: concurrent calls of [Conn.WriteMessage] do not panic; they wait for each other. A
// message that compression does not make smaller is sent uncompressed. A server sends a
// message of [Conn.WriteJSON], and a compressed message, as one frame, unless it is of
// NextWriter. [Conn.WriteJSON] sends nothing if the value cannot be encoded. A client sends a
// [PreparedMessage] in frames of WriteBufferSize, not of 4096 bytes, and masks each copy with a
// new key.
//
// Reading: of a compressed message that fails, [Conn.ReadMessage] returns nothing. If a
// connection ends while a message is skipped, the error has status 1006, too.
//
// Dialing: the end of the context ends Dial, also during the handshake. Dial does not offer
// the protocol h2 in TLS, so that a tls.Config may be shared with net/http.
//
// Error texts differ, except those of the exported errors and of [CloseError].
package websocket
