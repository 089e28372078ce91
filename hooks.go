package websocket

import "net"

// Hooks are functions that are called for events of connections, to attach logs,
// counters and traces. Each may be nil. They are called on the goroutine on which the
// event occurs, and block it: a hook must not call [Conn.Close], which may wait for that
// goroutine, but may call [Conn.StartClose] and [Conn.CloseNow]. Calls may be concurrent,
// also for the same connection. The examples attach expvar and slog.
type Hooks struct {
	// Accepted is called for each connection that a [Server] accepts, before its
	// opening handshake.
	Accepted func(remote net.Addr)

	// Refused is called when the opening handshake of a client fails. err is a
	// [*HandshakeError], or an error of the network. r has at least its RemoteAddr; its
	// head may not have been read. r must not be retained.
	Refused func(r *Request, err error)

	// Opened is called after the opening handshake. r is the request, which must not be
	// retained; it is nil for connections of [Dial], [NewConn] and [Pipe].
	// [Conn.SetValue] stores what later calls need of it.
	Opened func(c *Conn, r *Request)

	// Received is called for each whole message, before it is delivered. n is its size
	// in bytes.
	Received func(c *Conn, op Opcode, n int)

	// Sent is called for each message that a write has accepted. n is its size in
	// bytes. It is called under the lock of the sending half: of the methods of c, it may
	// call only those that return a property, such as Value and RemoteAddr.
	Sent func(c *Conn, op Opcode, n int)

	// Control is called for each received Ping, Pong and Close frame, before it is
	// answered. op is OpPing, OpPong or OpClose (RFC 6455 §5.5). payload has at most
	// 125 bytes, and must not be retained. The payload of a Close frame begins with the
	// status code, in two bytes, or is empty. Control must not wait for the peer.
	Control func(c *Conn, op Opcode, payload []byte)

	// Closed is called once for each connection that was opened, after it has ended.
	// err is the cause, the same as for the Close of [Handler]; [CloseStatus] returns
	// its status code.
	Closed func(c *Conn, err error)
}
