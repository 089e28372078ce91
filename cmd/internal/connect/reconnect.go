package connect

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/reconnect"
)

// keepConnected prepares s to connect when it begins to receive, and again whenever
// the connection ends. What --send asks for is sent on every connection.
func (c *Command) keepConnected(ctx context.Context, s *session) {
	ctx, s.giveUp = context.WithCancel(ctx)
	s.client = &reconnect.Client{
		Dial: func(ctx context.Context) (*websocket.Conn, error) {
			opts, err := c.dialOptions(s)
			if err != nil {
				return nil, err
			}
			return c.dial(ctx, opts)
		},
		Subscribe: func(ctx context.Context, conn *websocket.Conn) error {
			return s.sendFirst(ctx, c, conn)
		},
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

// checkReconnect returns what does not go with --reconnect.
func (c *Command) checkReconnect() error {
	switch {
	case !c.Reconnect:
	case len(c.Program) > 0:
		return errors.New("--reconnect does not go with a program, which would miss what was sent to its predecessor")
	case c.Binary && !atPrompt() && !isTerminal(os.Stdin):
		return errors.New("--reconnect does not go with --binary and a pipe, which is one message: it could not be sent again")
	}
	return nil
}
