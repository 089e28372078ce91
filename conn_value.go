package websocket

import "net"

// attached holds data that few connections have.
type attached struct {
	subprotocol string // never changes
	value       any
}

// Subprotocol returns the sub-protocol that was negotiated in the opening handshake, or
// "" if none was (RFC 6455 §1.9).
func (c *Conn) Subprotocol() string {
	if a := c.attached.Load(); a != nil {
		return a.subprotocol
	}
	return ""
}

// SetValue attaches a value of the application to the connection, such as its user, and
// replaces the previous value. Hooks.Opened can derive it from the request. The Conn
// retains the value. Value and SetValue may be called concurrently, also from hooks.
func (c *Conn) SetValue(v any) {
	c.attached.Store(&attached{subprotocol: c.Subprotocol(), value: v})
}

// Value returns the value that [Conn.SetValue] has attached, or nil.
func (c *Conn) Value() any {
	if a := c.attached.Load(); a != nil {
		return a.value
	}
	return nil
}

// NetConn returns the underlying connection, for socket options or the state of TLS. The
// Conn keeps the ownership: do not read, write or close it, and do not set deadlines.
// Bytes that are read from it are lost, and bytes that are written to it corrupt the
// stream of frames.
func (c *Conn) NetConn() net.Conn { return c.transport.Conn() }
