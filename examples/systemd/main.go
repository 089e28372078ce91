// Command systemd is an echo server that systemd starts, with echo.socket and echo.service.
//
// systemd holds the listening socket. So the server needs no privilege for port 80, and
// clients that connect while it restarts wait instead of being refused. The server reports
// when it is ready and when it stops, and systemd restarts it if it does not accept a
// connection of its own within the watchdog's interval.
//
//	go build -o /usr/local/bin/echo-server ./examples/systemd
//
// To try it without units:
//
//	systemd-socket-activate -l 127.0.0.1:8000 /usr/local/bin/echo-server
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/zerowire/websocket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	listeners, err := activation.Listeners()
	if err != nil {
		log.Fatal(err)
	}
	if len(listeners) != 1 {
		log.Fatalf("systemd: %d sockets from systemd, want 1: start the program with a .socket unit", len(listeners))
	}
	if err := run(ctx, listeners[0]); err != nil {
		log.Fatal(err)
	}
}

// run serves ln until ctx ends.
func run(ctx context.Context, ln net.Listener) error {
	srv := &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	notify(daemon.SdNotifyReady)
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return err
	}
	if interval > 0 {
		go watch(ctx, "ws://"+ln.Addr().String(), interval/2)
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	notify(daemon.SdNotifyStopping)
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return srv.Shutdown(end)
}

// watch connects to the server at every interval, and notifies the watchdog if that
// succeeds.
func watch(ctx context.Context, url string, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := try(ctx, url, interval); err == nil {
			notify(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			log.Print(err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// try opens and closes a connection to the server.
func try(ctx context.Context, url string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := websocket.Dial(ctx, url, nil)
	if err != nil {
		return fmt.Errorf("watchdog: %w", err)
	}
	return c.Close(websocket.StatusNormalClosure, "")
}

// notify reports a state to systemd. Without systemd it does nothing.
func notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Print(err)
	}
}
