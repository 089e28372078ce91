package websocket_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestParkedConnectionsWakeUpTogether has idle connections receive a message each, whose
// Handlers return when all of them run: none waits for the goroutine of another.
func TestParkedConnectionsWakeUpTogether(t *testing.T) {
	t.Parallel()
	const conns, rounds = 100, 3
	for round, gap := range []time.Duration{0, 150 * time.Millisecond} { // busy, and parked behind each message
		var all sync.WaitGroup
		all.Add(conns)
		h := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			if string(p) == "meet" {
				all.Done()
				all.Wait()
			}
			c.Write(background, op, p)
		})
		addr := serve(t, &websocket.Server{Handler: h, Options: websocket.Options{PingInterval: -1}})
		var ncs []net.Conn
		for range conns {
			ncs = append(ncs, upgraded(t, addr))
		}
		exchange := func(message string) {
			for _, nc := range ncs {
				if _, err := nc.Write(masked(wstest.Text(message))); err != nil {
					t.Fatal(err)
				}
			}
			for _, nc := range ncs {
				nc.SetReadDeadline(time.Now().Add(patience))
				if f, _, err := wstest.ReadFrame(nc); err != nil || f.String() != wstest.Text(message).String() {
					t.Fatalf("round %d: a connection gets %v, %v, want %q", round, f, err, message)
				}
			}
		}
		for range rounds {
			time.Sleep(gap)
			exchange("hello")
		}
		exchange("meet")
		for _, nc := range ncs {
			nc.Close()
		}
	}
}

// TestPromise23EndOfPeerIsFoundWhileAServersHandlerIsBusy: a connection that a Server may
// park is not parked while a method of its Handler runs, and is read ahead.
func TestPromise23EndOfPeerIsFoundWhileAServersHandlerIsBusy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		pause time.Duration // between the messages before
	}{{"busy connection", 0}, {"quiet connection", 150 * time.Millisecond}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ended, entered, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
			defer close(release)
			srv := &websocket.Server{Handler: websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) {
				if string(p) == "stay" {
					close(entered)
					<-release
				}
			})}
			srv.Options.PingInterval = 1200 * time.Millisecond
			srv.Options.Hooks.Closed = func(*websocket.Conn, error) { close(ended) }
			nc := upgraded(t, serve(t, srv))
			for _, text := range []string{"pass", "stay"} {
				nc.Write(masked(wstest.Text(text)))
				time.Sleep(tt.pause)
			}
			<-entered
			time.Sleep(2 * time.Second) // longer than the library waits for the method, and than PingInterval
			nc.Close()
			found(t, ended)
		})
	}
}
