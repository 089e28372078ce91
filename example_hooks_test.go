package websocket_test

import (
	"context"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"

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
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
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
	web := httptest.NewServer(srv)
	defer web.Close()

	ctx := context.Background()
	for _, message := range []string{"Hello", "World!"} {
		c, err := websocket.Dial(ctx, web.URL, nil)
		if err != nil {
			log.Fatal(err)
		}
		c.Write(ctx, websocket.OpText, []byte(message))
		c.Read(ctx)
		c.Close(websocket.StatusNormalClosure, "")
	}
	srv.Shutdown(ctx)
	fmt.Println(counts)
	// Output:
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
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
		Options: websocket.Options{
			MaxMessage: 10,
			Logger:     logger,
			Hooks: websocket.Hooks{
				Refused: func(r *websocket.Request, err error) {
					logger.Warn("refused", "remote", r.RemoteAddr(), "path", r.Path(), "err", err)
				},
				Opened: func(c *websocket.Conn, r *websocket.Request) {
					logger.Info("opened", "remote", c.RemoteAddr(), "path", r.Path())
				},
				Closed: func(c *websocket.Conn, err error) {
					logger.Info("closed", "remote", c.RemoteAddr(), "code", uint16(websocket.CloseStatus(err)), "err", err)
				},
			},
		},
	}
	web := httptest.NewServer(srv)
	defer web.Close()

	ctx := context.Background()
	c, err := websocket.Dial(ctx, web.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	c.Write(ctx, websocket.OpText, []byte("more than ten bytes"))
	c.Read(ctx) // the Close frame
	srv.Shutdown(ctx)
	// Output:
	// level=INFO msg=opened path=/echo
	// level=INFO msg=closed code=1009 err="websocket: codec: message larger than the limit"
}
