package websocket_test

import (
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/zerowire/websocket"
)

// Hooks with package expvar: counters of connections, messages, bytes and status
// codes, which a page at /debug/vars shows.
func ExampleHooks() {
	var (
		counts = new(expvar.Map) // expvar.NewMap("websocket") in a program
		codes  = new(expvar.Map)
	)
	counts.Set("close codes", codes)
	srv := &websocket.Server{
		Handler: forms["events"],
		Options: websocket.Options{Hooks: websocket.Hooks{
			Accepted: func(net.Addr) { counts.Add("accepted", 1) },
			Refused:  func(*websocket.Request, error) { counts.Add("refused", 1) },
			Opened:   func(*websocket.Conn, *websocket.Request) { counts.Add("open", 1) },
			Received: func(_ *websocket.Conn, _ websocket.Opcode, n int) {
				counts.Add("messages received", 1)
				counts.Add("bytes received", int64(n))
			},
			Sent: func(_ *websocket.Conn, _ websocket.Opcode, n int) {
				counts.Add("messages sent", 1)
				counts.Add("bytes sent", int64(n))
			},
			Closed: func(_ *websocket.Conn, err error) {
				counts.Add("open", -1)
				codes.Add(fmt.Sprint(uint16(websocket.CloseStatus(err))), 1)
			},
		}},
	}
	url := listen(srv)
	ask(url, "Hello")
	ask(url, "World!")
	srv.Shutdown(context.Background())
	fmt.Println(counts)
	// Output:
	// Hello
	// World!
	// {"accepted": 2, "bytes received": 11, "bytes sent": 11, "close codes": {"1000": 2}, "messages received": 2, "messages sent": 2, "open": 0}
}

// Hooks with package log/slog.
func ExampleHooks_slog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "remote" {
				return slog.Attr{} // so that the example's output is always the same
			}
			return a
		},
	}))
	srv := &websocket.Server{
		Handler: forms["events"],
		Options: websocket.Options{
			MaxMessage: 10,
			Logger:     logger,
			Hooks: websocket.Hooks{
				Refused: func(r *websocket.Request, err error) {
					logger.Warn("refused", "remote", r.RemoteAddr(), "path", r.Path(), "err", err)
				},
				Opened: func(c *websocket.Conn, _ *websocket.Request) { logger.Info("opened", "remote", c.RemoteAddr()) },
				Closed: func(c *websocket.Conn, err error) {
					logger.Info("closed", "remote", c.RemoteAddr(), "code", uint16(websocket.CloseStatus(err)), "err", err)
				},
			},
		},
	}
	url := listen(srv)
	ask(url, strings.Repeat("too long ", 10))
	srv.Shutdown(context.Background())
	// Unordered output:
	// level=INFO msg=opened
	// websocket: closed by the peer: 1009 message too big: "message larger than the limit"
	// level=INFO msg=closed code=1009 err="websocket: codec: message larger than the limit"
}
