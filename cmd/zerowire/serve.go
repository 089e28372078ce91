package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/zerowire/websocket"
)

// shutdownTimeout is how long connections may take for the closing handshake
// once the process was told to end.
const shutdownTimeout = 5 * time.Second

// serveCommand is `zerowire serve`.
type serveCommand struct {
	Listen     string `default:"127.0.0.1:8000" placeholder:"ADDR" help:"Address to listen on; port 0 picks a free one (${default})."`
	MaxMessage int64  `default:"1048576" placeholder:"BYTES" help:"Largest message to receive; a larger one closes its connection with 1009, -1 allows any (${default})."`
	Quiet      bool   `help:"Log nothing."`
}

// Run serves until ctx is cancelled, then closes every connection with 1001.
func (s *serveCommand) Run(ctx context.Context) error {
	ln, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	fmt.Printf("Listening on %s\n", ln.Addr())

	srv := s.server()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// server returns the server that the flags describe.
func (s *serveCommand) server() *websocket.Server {
	log := slog.Default()
	if s.Quiet {
		log = slog.New(slog.DiscardHandler)
	}
	paths := &routes{log: log, quiet: s.Quiet, chat: newChat(), game: newGame()}
	return &websocket.Server{
		Route: paths.route,
		HTTP:  newSite(),
		Options: websocket.Options{
			Subprotocols: []string{chatSubprotocol, gameSubprotocol},
			MaxMessage:   s.MaxMessage,
			Logger:       log,
		},
	}
}
