package connect

import (
	"context"
	"net"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/h2"
	"github.com/zerowire/websocket/reconnect"
)

// dial connects as the flags say. The connection reports to s when it receives something.
func (c *Command) dial(ctx context.Context, s *session) (*websocket.Conn, error) {
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
	if !c.HTTP2 {
		return websocket.Dial(ctx, c.URL, opts)
	}
	t := &h2.Transport{Mode: h2.OnlyHTTP2, TLSConfig: opts.TLSConfig, NetDial: opts.NetDial, Proxy: opts.Proxy}
	opts.TLSConfig, opts.NetDial, opts.Proxy = nil, nil, nil
	return t.Dial(ctx, c.URL, opts)
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

// keepConnected prepares s to connect when it begins to receive, and again whenever
// the connection ends. What --send asks for is sent on every connection.
func (c *Command) keepConnected(ctx context.Context, s *session) {
	ctx, s.giveUp = context.WithCancel(ctx)
	s.client = &reconnect.Client{
		Dial:      func(ctx context.Context) (*websocket.Conn, error) { return c.dial(ctx, s) },
		Subscribe: func(ctx context.Context, conn *websocket.Conn) error { return s.sendFirst(ctx, c, conn) },
		Serve: func(_ context.Context, conn *websocket.Conn) error {
			s.current.Store(conn)
			err := conn.Serve(s)
			s.current.Store(nil)
			if s.said.Load() == 0 {
				return err
			}
			s.last = err
			return nil
		},
		Changed: func(change reconnect.Change) {
			switch change.State {
			case reconnect.Connected:
				s.out.notice("connected")
			case reconnect.Waiting:
				s.out.complaint("%v; next attempt in %v", reach.Plain(change.Err), change.Delay.Round(time.Millisecond))
			}
		},
	}
	s.run = func() error {
		err := s.client.Run(ctx)
		switch {
		case err == nil:
			return s.last
		case s.said.Load() != 0:
			return &websocket.CloseError{Code: websocket.StatusCode(s.said.Load())} // between two connections
		}
		return err
	}
}
