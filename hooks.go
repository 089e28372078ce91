package websocket

import "net"

// Hooks are functions that are told what happens to connections, so that logs,
// counters and traces attach without this package knowing them. Each may be nil.
// They are called on the goroutine on which it happens and hold it up; those of
// different connections run concurrently. The examples attach expvar and slog.
type Hooks struct {
	// Accepted is called for each connection that a Server accepts, before its
	// opening handshake.
	Accepted func(remote net.Addr)

	// Refused is called when an opening handshake that a client has begun fails: err is a
	// *HandshakeError, or what the network reported. Of r, whose head may not have been
	// read, at least RemoteAddr is known. r is valid during the call only.
	Refused func(r *Request, err error)

	// Opened is called when the opening handshake is done. r is the request, valid during
	// the call only, and nil for connections of Dial, NewConn and Pipe. SetValue keeps
	// what later calls need of it.
	Opened func(c *Conn, r *Request)

	// Received is called for each whole message, of n bytes, before it is
	// delivered.
	Received func(c *Conn, op Opcode, n int)

	// Sent is called for each message, of n bytes, that Write has taken. The
	// sending half is locked meanwhile: Sent must not send on c, nor call Pending.
	Sent func(c *Conn, op Opcode, n int)

	// Control is called for each Ping, Pong and Close frame that is received, before it is
	// answered: op is OpPing, OpPong or OpClose (RFC 6455 §5.5). payload, at most 125
	// bytes, is valid during the call; that of a Close frame begins with the status code.
	// Control must not wait for the peer.
	Control func(c *Conn, op Opcode, payload []byte)

	// Closed is called once for each connection that was opened. err is what ended
	// it, as Handler.Close is told; CloseStatus gives its status code.
	Closed func(c *Conn, err error)
}
