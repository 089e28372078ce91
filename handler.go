package websocket

// Handler is the event form of serving a connection: the connection's own
// goroutine calls its methods, one after the other. It is the fastest form and
// the one that keeps least memory while a connection is idle.
//
// The methods may call every method of c but two: Read returns ErrHandlerReads, and
// Ping waits in vain, because they hold up the connection, and with it the Pong,
// for as long as they run. They hold up no other one.
//
// A panic in a method closes the connection with StatusInternalError; the
// Handler's Close is still called, and no other connection notices.
type Handler interface {
	// Open is called once, first: the opening handshake is done.
	Open(c *Conn)

	// Message is called for each message, in order. op is OpText, and p is valid
	// UTF-8, or op is OpBinary. p may be changed; it is valid until Message
	// returns.
	Message(c *Conn, op Opcode, p []byte)

	// Close is called once, last: nothing more can be received, and the
	// connection is closed or about to be. err is never nil: a *CloseError if the
	// peer sent a Close frame, a codec.Violation if it broke the protocol, and
	// otherwise what ended the connection.
	Close(c *Conn, err error)
}

// MessageFunc is a Handler that does nothing when a connection opens or closes.
type MessageFunc func(c *Conn, op Opcode, p []byte)

// Open does nothing.
func (MessageFunc) Open(*Conn) {}

// Message calls f.
func (f MessageFunc) Message(c *Conn, op Opcode, p []byte) { f(c, op, p) }

// Close does nothing.
func (MessageFunc) Close(*Conn, error) {}

// Blocking returns the Handler of the blocking form: serve is called once for
// each connection, on the connection's own goroutine, and reads with c.Read.
// When it returns, the connection is closed with StatusNormalClosure unless
// that was done already.
func Blocking(serve func(c *Conn)) Handler { return blocking(serve) }

// blocking is known to Conn.run: its methods are never called.
type blocking func(c *Conn)

func (blocking) Open(*Conn)                    {}
func (blocking) Message(*Conn, Opcode, []byte) {}
func (blocking) Close(*Conn, error)            {}
