package relay

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/recording"
)

// room is a server that sends each message to everyone, and says that somebody came.
type room struct {
	mu      sync.Mutex
	members []*websocket.Conn
}

func (r *room) serve(c *websocket.Conn) {
	r.mu.Lock()
	r.members = append(r.members, c)
	r.send("a guest came")
	r.mu.Unlock()
	for {
		_, p, err := c.Read(context.Background())
		r.mu.Lock()
		if err != nil {
			r.members = slices.DeleteFunc(r.members, func(m *websocket.Conn) bool { return m == c })
			r.mu.Unlock()
			return
		}
		r.send(string(p))
		r.mu.Unlock()
	}
}

func (r *room) send(text string) {
	for _, c := range r.members {
		c.Write(context.Background(), websocket.OpText, []byte(text))
	}
}

// TestReplayIsGreenEveryTime records sessions with real servers and replays each five
// times at several speeds: servers that have not changed answer as recorded.
func TestReplayIsGreenEveryTime(t *testing.T) {
	talk := func(t *testing.T, c *websocket.Conn, say string, answers int) {
		t.Helper()
		if say != "" {
			if err := c.Write(t.Context(), websocket.OpText, []byte(say)); err != nil {
				t.Fatal(err)
			}
		}
		for range answers {
			if _, _, err := c.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name  string
		serve func(c *websocket.Conn)
		play  func(t *testing.T, dial func() *websocket.Conn)
	}{
		{"the server closes at once", func(c *websocket.Conn) {
			c.Close(4000, "go away")
		}, func(t *testing.T, dial func() *websocket.Conn) {
			dial().Read(t.Context())
		}},
		{"the server closes after its answers", func(c *websocket.Conn) {
			c.Read(context.Background())
			c.Write(context.Background(), websocket.OpText, []byte("one"))
			c.Write(context.Background(), websocket.OpBinary, []byte("two"))
			time.Sleep(20 * time.Millisecond) // longer at a replay than when it was recorded, perhaps
			c.Close(4001, "enough")
		}, func(t *testing.T, dial func() *websocket.Conn) {
			c := dial()
			talk(t, c, "hello", 2)
			c.Read(t.Context())
		}},
		{"the client closes", func(c *websocket.Conn) {
			for {
				op, p, err := c.Read(context.Background())
				if err != nil || c.Write(context.Background(), op, p) != nil {
					return
				}
			}
		}, func(t *testing.T, dial func() *websocket.Conn) {
			c := dial()
			talk(t, c, "hello", 1)
			talk(t, c, strings.Repeat("long ", 50000), 1)
			c.Close(websocket.StatusNormalClosure, "bye")
		}},
		{"several clients in a room", new(room).serve, func(t *testing.T, dial func() *websocket.Conn) {
			one := dial()
			talk(t, one, "", 1)
			talk(t, one, "alone", 1)
			two := dial()
			talk(t, one, "", 1)
			talk(t, two, "", 1)
			for range 3 {
				talk(t, one, "from one", 1)
				talk(t, two, "", 1)
				talk(t, two, "from two", 1)
				talk(t, one, "", 1)
			}
			one.Close(websocket.StatusNormalClosure, "")
			talk(t, two, "alone again", 1)
			two.Close(websocket.StatusNormalClosure, "")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ln := listen(t)
			srv := &websocket.Server{Handler: websocket.Blocking(tt.serve)}
			go srv.Serve(ln)
			t.Cleanup(func() { srv.Close() })
			rec := recordSession(t, ln.Addr(), func(url string) {
				tt.play(t, func() *websocket.Conn {
					c, err := websocket.Dial(t.Context(), url, nil)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { c.CloseNow() })
					return c
				})
			})
			for _, speed := range []float64{1, 0, 20} {
				for range 5 {
					if printed, ok := replayAll(t, rec, "ws://"+ln.Addr().String(), speed); !ok {
						t.Errorf("replay at speed %v:\n%s", speed, printed)
					}
				}
			}
		})
	}
}

// recordSession records what play does through a proxy in front of a server.
func recordSession(t *testing.T, server net.Addr, play func(url string)) *recording.Recording {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording")
	r, addr := serveProxy(t, "ws://"+server.String(), func(p *proxy) {
		var err error
		if p.recorder, err = recording.Create(file, p.to.String()); err != nil {
			t.Fatal(err)
		}
	})
	play("ws://" + addr)
	r.stop()
	err := <-r.stopped
	r.stopped <- nil
	if err != nil {
		t.Fatal(err)
	}
	if err := r.proxy.recorder.Close(); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// replayAll plays all connections of a recording as the command does.
func replayAll(t *testing.T, rec *recording.Recording, url string, speed float64) (printed string, ok bool) {
	t.Helper()
	var out syncBuffer
	command := &ReplayCommand{Compare: true, Speed: speed, Wait: patience}
	to, err := newUpstream(url, &command.Flags)
	if err != nil {
		t.Fatal(err)
	}
	failed := command.playAll(t.Context(), to, rec, &out)
	return out.String(), failed == 0
}

// syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}
