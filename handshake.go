package websocket

import (
	"errors"
	"fmt"
	"net"
)

// Handshake is the result of an opening handshake. [Upgrader.Negotiate] returns it to a
// server; a client fills it in from the response. The zero value has neither a
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

// NewConn wraps nc, on which an opening handshake has been completed by other means, and
// takes ownership of it. role is the role of this endpoint. opts may be nil; it is copied.
// nc must support deadlines, which time limits and contexts of reads use: a read that ends
// at a deadline must lose no bytes.
//
// NewConn returns an error if opts are invalid, or if h names extensions that this package
// does not support, or invalid parameters. The caller then has to close nc, because its
// peer may already use the extensions.
func NewConn(nc net.Conn, role Role, h Handshake, opts *Options) (*Conn, error) {
	if nc == nil {
		return nil, errors.New("websocket: new connection: no net.Conn: open one first")
	}
	if opts == nil {
		opts = new(Options)
	}
	if err := opts.check(); err != nil {
		return nil, err
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

// extension parses h.Extensions.
func (h *Handshake) extension() (extension, error) {
	ext, ok := agreedExtension(h.Extensions)
	if !ok {
		return ext, fmt.Errorf("websocket: new connection: Handshake.Extensions %q: want permessage-deflate with the parameters of RFC 7692, or none", h.Extensions)
	}
	return ext, nil
}
