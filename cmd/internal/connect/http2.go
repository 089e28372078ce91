package connect

import (
	"context"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// dial connects, over HTTP/2 if the flags say so. opts may be changed.
func (c *Command) dial(ctx context.Context, opts *websocket.DialOptions) (*websocket.Conn, error) {
	if !c.HTTP2 {
		return websocket.Dial(ctx, c.URL, opts)
	}
	t := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: opts.TLSConfig, NetDial: opts.NetDial, Proxy: opts.Proxy}
	opts.TLSConfig, opts.NetDial, opts.Proxy = nil, nil, nil
	return t.Dial(ctx, c.URL, opts)
}
