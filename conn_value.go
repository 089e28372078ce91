package websocket

import "net"

// attached is what few connections have beside their settings.
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

// SetValue attaches a value of the application's to the connection, such as its user, in
// place of the one before. Hooks.Opened can take it from the request. The value lives as
// long as the Conn. Value and SetValue may be called concurrently, also from hooks.
func (c *Conn) SetValue(v any) {
	c.attached.Store(&attached{subprotocol: c.Subprotocol(), value: v})
}

// Value returns what SetValue has attached, nil if nothing.
func (c *Conn) Value() any {
	if a := c.attached.Load(); a != nil {
		return a.value
	}
	return nil
}

// NetConn returns the connection below, to set socket options or to ask for the state of
// TLS. Bytes that are read from it or written to it are missing in the WebSocket
// connection, or break it, and its deadlines belong to the Conn.
func (c *Conn) NetConn() net.Conn { return c.transport.Conn() }
