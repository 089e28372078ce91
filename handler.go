package websocket

// Handler is the event form of serving a connection. The connection's own goroutine
// calls the methods, one at a time. This is the fastest form, and the form in which an
// idle connection uses the least memory.
//
// The methods may call every method of c, except those that read, which return
// [ErrHandlerReads]. While a method runs, no message is delivered. If it runs for longer
// than a second, the library reads ahead. So a [Conn.Ping] inside a method may take a
// second longer. A method that blocks delays only its own connection.
//
// A panic in a method is logged and closes the connection with StatusInternalError.
// Close is still called. Other connections are not affected.
type Handler interface {
	// Open is called once, before the other methods, after the opening handshake.
	Open(c *Conn)

	// Message is called for each message, in order. op is OpText, for which p is valid
	// UTF-8, or OpBinary. p may be modified, and must not be retained after Message
	// returns.
	Message(c *Conn, op Opcode, p []byte)

	// Close is called once, after the other methods. No more messages are received; the
	// connection is closed or about to be closed. err is never nil. It is a
	// [*CloseError], or [ErrClosed] after [Conn.CloseNow]. See [CloseStatus] for the
	// status code.
	Close(c *Conn, err error)
}

// MessageFunc is a [Handler] that only handles messages: its Open and Close do nothing.
type MessageFunc func(c *Conn, op Opcode, p []byte)

// Open does nothing.
func (MessageFunc) Open(*Conn) {}

// Message calls f.
func (f MessageFunc) Message(c *Conn, op Opcode, p []byte) { f(c, op, p) }

// Close does nothing.
func (MessageFunc) Close(*Conn, error) {}

// Blocking returns a [Handler] for the blocking form. serve is called once for each
// connection, on a goroutine of the connection, and calls [Conn.Read]. When serve
// returns, the connection is closed with StatusNormalClosure, unless it has been closed
// before. A panic in serve is logged, and closes the connection with
// StatusInternalError.
func Blocking(serve func(c *Conn)) Handler { return blocking(serve) }

// blocking is a Handler whose methods are never called: callers of Handlers check for it,
// and call Conn.serveBlocking.
type blocking func(c *Conn)

func (blocking) Open(*Conn)                    {}
func (blocking) Message(*Conn, Opcode, []byte) {}
func (blocking) Close(*Conn, error)            {}
