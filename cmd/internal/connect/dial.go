package connect

import (
	"context"
	"net"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/h2"
)

// dialOptions returns what the flags say. The connection reports to s when it
// receives something.
func (c *Command) dialOptions(s *session) (*websocket.DialOptions, error) {
	if err := reach.CheckURL(c.URL); err != nil {
		return nil, err
	}
	opts, err := c.Options()
	if err != nil {
		return nil, err
	}
	opts.Subprotocols, opts.MaxMessage = c.Subprotocol, c.MaxMessage
	if c.Compress {
		// Small messages too: who asks for it wants to see it.
		opts.Compression = &websocket.Compression{Takeover: true, Level: 9, Threshold: -1}
	}
	wrap, lines := opts.Wrap, &trace.Printer{W: noticeWriter{s.out}, Color: s.out.faint}
	opts.Wrap = func(nc net.Conn) net.Conn {
		nc = &heardConn{Conn: wrap(nc), session: s}
		if c.Trace {
			nc = trace.Conn(nc, lines.Print)
		}
		return nc
	}
	return opts, nil
}

// heardConn tells its session when bytes of a message come that is not complete. What
// is no longer than a control frame says nothing: it may be a Pong.
type heardConn struct {
	net.Conn
	session *session
}

func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > codec.MaxHeaderSize+codec.MaxControlPayload {
		c.session.hear()
	}
	return n, err
}

// dial connects, over HTTP/2 if the flags say so. opts may be changed.
func (c *Command) dial(ctx context.Context, opts *websocket.DialOptions) (*websocket.Conn, error) {
	if !c.HTTP2 {
		return websocket.Dial(ctx, c.URL, opts)
	}
	t := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: opts.TLSConfig, NetDial: opts.NetDial, Proxy: opts.Proxy}
	opts.TLSConfig, opts.NetDial, opts.Proxy = nil, nil, nil
	return t.Dial(ctx, c.URL, opts)
}
