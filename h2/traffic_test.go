package h2_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestQuietConnectionLives leaves connections without messages for more than three intervals
// of the keepalive. The time limits of http.Server, which would end a stream, have passed then.
func TestQuietConnectionLives(t *testing.T) {
	t.Parallel()
	const (
		interval = 200 * time.Millisecond
		limit    = 3 * time.Second // of http.Server, also for TLS
	)
	count := func(frames *atomic.Int32) websocket.Options {
		control := func(*websocket.Conn, websocket.Opcode, []byte) { frames.Add(1) }
		return websocket.Options{PingInterval: interval, PongTimeout: patience, Hooks: websocket.Hooks{Control: control}}
	}
	var atServer atomic.Int32
	for form, handler := range forms(t, count(&atServer)) {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			s := serve(t, handler, func(srv *http.Server) { srv.ReadTimeout, srv.WriteTimeout = limit, limit })
			var atClient atomic.Int32
			tr := newTransport(t, s)
			client := &websocket.DialOptions{Options: count(&atClient)}
			var c *websocket.Conn
			if !eventually(func() (ok bool) { // a busy machine may exceed the limit during TLS
				var err error
				c, err = tr.Dial(t.Context(), s.wss(), client)
				return err == nil
			}) {
				t.Fatal("Dial() fails each time")
			}
			defer c.CloseNow()
			opened := time.Now()
			for time.Since(opened) < limit+interval || atClient.Load() < 3 {
				if time.Since(opened) > patience {
					t.Fatalf("%d control frames arrived in %v, want 3", atClient.Load(), patience)
				}
				time.Sleep(interval / 2)
			}
			wantEcho(t, c, websocket.OpText, "still there")
		})
	}
	t.Cleanup(func() {
		if n, conns := int(atServer.Load()), len(forms(t, websocket.Options{})); n < 3*conns {
			t.Errorf("%d control frames arrived at the servers, want 3 on each of %d connections", n, conns)
		}
	})
}

// TestStalledStream has one WebSocket whose server does not read, one whose client does not
// read, and one that sends as much as it can, beside 49 that exchange messages.
func TestStalledStream(t *testing.T) {
	t.Parallel()
	opts := websocket.Options{MaxMessage: 1 << 21, WriteTimeout: 5 * time.Minute} // longer than the stall
	release := make(chan struct{})
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, &opts)
		if err != nil {
			return
		}
		defer c.CloseNow()
		if r.URL.Path == "/deaf" {
			<-release
		}
		echoBlocking(c)
	}))
	tr := newTransport(t, s)
	client := &websocket.DialOptions{Options: opts}

	// stall writes messages to a WebSocket, and returns when no write ends any more.
	message := noise(10_000)
	stall := func(path string) *websocket.Conn {
		c := dial(t, tr, s.wss()+path, client)
		var written atomic.Int64
		go func() {
			for c.Write(context.Background(), websocket.OpBinary, []byte(message)) == nil {
				written.Add(1)
			}
		}()
		for before := int64(0); ; time.Sleep(100 * time.Millisecond) {
			now := written.Load()
			if now > 0 && now == before {
				return c
			}
			if before = now; now > 10_000 {
				t.Fatalf("%d messages were written to %s, which is not read", now, path)
			}
		}
	}
	deaf := stall("/deaf")
	stall("/mute") // its echoes are not read

	greedy, received := dial(t, tr, s.wss(), client), 0
	go func() {
		for greedy.Write(context.Background(), websocket.OpBinary, []byte(message)) == nil {
		}
	}()
	greedyEnded := make(chan struct{})
	go func() {
		defer close(greedyEnded)
		for {
			if _, _, err := greedy.Read(context.Background()); err != nil {
				return
			}
			received++
		}
	}()

	var busy sync.WaitGroup
	for i := range 49 {
		busy.Go(func() {
			c, err := tr.Dial(t.Context(), s.wss(), client)
			if err != nil {
				t.Errorf("Dial() = %v", err)
				return
			}
			defer c.CloseNow()
			for range 10 {
				wantEcho(t, c, websocket.OpBinary, noise(10_000+i))
			}
			if i%8 == 0 {
				wantEcho(t, c, websocket.OpBinary, noise(1<<20))
			}
			c.Close(websocket.StatusNormalClosure, "")
		})
	}
	busy.Wait()
	greedy.CloseNow()
	if <-greedyEnded; received == 0 {
		t.Error("the WebSocket that sends as much as it can has received no echo")
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1", n)
	}

	// The stalled WebSocket continues at the same byte.
	close(release)
	for i := range 100 {
		if _, p, err := deaf.Read(t.Context()); err != nil || string(p) != message {
			t.Fatalf("Read() of message %d after the stall = %d bytes, %v", i, len(p), err)
		}
	}
}

// TestGoaway shuts the HTTP server down, which sends GOAWAY, while messages are on their
// way: open WebSockets go on until they are closed.
func TestGoaway(t *testing.T) {
	t.Parallel()
	s := serve(t, &websocket.Server{Handler: echo{}})
	tr := newTransport(t, s)
	var running, done sync.WaitGroup
	stop := make(chan struct{})
	for range 20 {
		c := dial(t, tr, s.wss(), nil)
		running.Add(1)
		done.Go(func() {
			for i := 0; ; i++ {
				wantEcho(t, c, websocket.OpBinary, noise(3000))
				if i == 5 {
					running.Done()
				}
				select {
				case <-stop:
					if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
						t.Errorf("Close() = %v", err)
					}
					return
				default:
				}
			}
		})
	}
	running.Wait()
	shut := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		shut <- s.Config.Shutdown(ctx)
	}()
	for {
		// Once GOAWAY has come a Dial needs another connection, which is refused.
		c, err := tr.Dial(t.Context(), s.wss(), nil)
		if err != nil {
			break
		}
		c.CloseNow()
	}
	close(stop)
	done.Wait()
	if err := <-shut; err != nil {
		t.Errorf("Shutdown() = %v", err)
	}
}

// TestResetsAtRandom ends WebSockets at random, in every way and at both ends, while they
// are busy, beside one that must not notice.
func TestResetsAtRandom(t *testing.T) {
	t.Parallel()
	var open atomic.Int64
	opts := websocket.Options{Hooks: websocket.Hooks{
		Opened: func(*websocket.Conn, *websocket.Request) { open.Add(1) },
		Closed: func(*websocket.Conn, error) { open.Add(-1) },
	}}
	srv := &websocket.Server{Options: opts}
	srv.Route = func(r *websocket.Request) (websocket.Handler, error) {
		if r.Path() == "/steady" {
			return echo{}, nil
		}
		return websocket.Blocking(brief), nil
	}
	s := serve(t, srv)
	tr := newTransport(t, s)
	steady := dial(t, tr, s.wss()+"/steady", nil)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 25 {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				c, err := tr.Dial(ctx, s.wss(), nil)
				if err != nil {
					t.Errorf("Dial() = %v", err)
					cancel()
					return
				}
				for range rand.N(40) {
					if c.Write(ctx, websocket.OpBinary, []byte(noise(1000*i))) != nil {
						break
					}
					if _, _, err := c.Read(ctx); err != nil {
						break
					}
				}
				if rand.N(2) == 0 {
					c.Close(websocket.StatusNormalClosure, "")
				}
				c.CloseNow()
				cancel()
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		all.Wait()
	}()
	for running := true; running; {
		wantEcho(t, steady, websocket.OpBinary, noise(5000))
		select {
		case <-ended:
			running = false
		default:
		}
	}
	if err := steady.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close() of the steady one = %v", err)
	}
	for start := time.Now(); open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Since(start) > patience {
			t.Fatalf("%d connections are left at the server", open.Load())
		}
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d TCP connections, want 1", n)
	}
}

// brief echoes some messages, and closes the connection in one of two ways.
func brief(c *websocket.Conn) {
	for range rand.N(40) {
		if !echoOnce(c) {
			return
		}
	}
	if rand.N(2) == 0 {
		c.CloseNow()
	}
}
