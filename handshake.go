package websocket

import (
	"errors"
	"fmt"
	"net"
)

// Handshake is the result of an opening handshake. [Upgrader.Negotiate] returns the one
// of a server; a client fills it in from the response. The zero value has neither a
// sub-protocol nor extensions.
type Handshake struct {
	// Subprotocol is the Sec-WebSocket-Protocol of the response, "" for none.
	Subprotocol string

	// Extensions is the Sec-WebSocket-Extensions of the response, "" for none. Messages
	// are compressed if it names permessage-deflate, with the settings of
	// Options.Compression, or the default ones if that is nil.
	Extensions string

	// Early holds bytes that were received after the handshake: the first frames. It is
	// copied.
	Early []byte
}

// NewConn wraps nc, on which an opening handshake has been completed by other means, at
// the end that role names, and takes ownership of it. opts may be nil; it is copied.
//
// The error reports extensions that this package does not have, or parameters that are
// not valid; nc then remains the caller's, and has to be closed: its peer may already
// use them.
func NewConn(nc net.Conn, role Role, h Handshake, opts *Options) (*Conn, error) {
	if nc == nil {
		return nil, errors.New("websocket: new connection: no net.Conn: open one first")
	}
	if opts == nil {
		opts = new(Options)
	}
	set := opts.resolve()
	ext, err := h.extension()
	if err != nil {
		return nil, err
	}
	if ext.on && set.Compression == nil {
		set.Compression = new(Compression)
	}
	c := newConn(nc, role, set, h.Subprotocol, ext, h.Early, nil)
	c.watchReading()
	return c, nil
}

// extension returns what h.Extensions says.
func (h *Handshake) extension() (extension, error) {
	ext, ok := agreedExtension(h.Extensions)
	if !ok {
		return ext, fmt.Errorf("websocket: new connection: Handshake.Extensions %q: want permessage-deflate with the parameters of RFC 7692, or none", h.Extensions)
	}
	return ext, nil
}
