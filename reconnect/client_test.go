package reconnect_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/reconnect"
)

func TestRunConnectsAgain(t *testing.T) {
	inBubble(t, nil, func(tc *testClient) {
		first := tc.server()
		if err := first.Write(background, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if got := <-tc.received; got != "hello" {
			t.Errorf("Serve read %q", got)
		}
		tc.write("one")
		tc.wantMessages("a message is sent", first, "one")
		tc.wantStates(reconnect.Connecting, reconnect.Connected)

		first.Close(websocket.StatusGoingAway, "restart")
		tc.wantStates(reconnect.Connecting, reconnect.Connected, reconnect.Waiting)
		if e, ok := errors.AsType[*websocket.CloseError](tc.waits()[0].Err); !ok || e.Code != 1001 || e.Reason != "restart" {
			t.Errorf("the change tells %v, want the server's Close frame", tc.waits()[0].Err)
		}
		second := tc.server()
		tc.write("two")
		tc.wantMessages("on the new connection, too", second, "two")
		tc.wantStates(reconnect.Connecting, reconnect.Connected, reconnect.Waiting, reconnect.Connecting, reconnect.Connected)
	})
}

// TestSubscribeComesFirst checks the order on every connection: Subscribe, then what
// was queued, then what is written.
func TestSubscribeComesFirst(t *testing.T) {
	var answer chan string
	inBubble(t, func(tc *testClient) {
		answer = make(chan string, 1)
		tc.Subscribe = func(ctx context.Context, c *websocket.Conn) error {
			if err := c.Write(ctx, websocket.OpText, []byte("login")); err != nil {
				return err
			}
			_, p, err := c.Read(ctx)
			answer <- string(p)
			return err
		}
	}, func(tc *testClient) {
		for range 3 {
			server := tc.server()
			tc.write("queued 1")
			tc.write("queued 2")
			tc.wantMessages("Subscribe", server, "login")
			if states := tc.states(); states[len(states)-1] != reconnect.Connecting {
				t.Errorf("while Subscribe runs, the state is %v", states[len(states)-1])
			}
			if err := server.Write(background, websocket.OpText, []byte("welcome")); err != nil {
				t.Fatal(err)
			}
			if got := <-answer; got != "welcome" {
				t.Errorf("Subscribe read %q", got)
			}
			tc.wantMessages("the queue", server, "queued 1", "queued 2")
			tc.write("direct")
			tc.wantMessages("a Write", server, "direct")
			server.CloseNow()
		}
	})
}

// TestSubscribeThatFails counts as a failed attempt, and closes the connection.
func TestSubscribeThatFails(t *testing.T) {
	failed := errors.New("subscription refused")
	inBubble(t, func(tc *testClient) {
		calls := 0
		tc.Subscribe = func(context.Context, *websocket.Conn) error {
			if calls++; calls < 3 {
				return failed
			}
			return nil
		}
	}, func(tc *testClient) {
		tc.write("kept")
		for range 2 {
			server := tc.server()
			if _, _, err := server.Read(background); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				t.Errorf("the server reads %v, want a Close frame", err)
			}
		}
		tc.wantMessages("what was queued is sent when there is a connection", tc.server(), "kept")
		for i, w := range tc.waits() {
			if w.Err != failed || w.Failures != i+1 {
				t.Errorf("change %+v, want %v as failure %d", w, failed, i+1)
			}
		}
	})
}

// TestEventForm serves connections with a Handler.
func TestEventForm(t *testing.T) {
	inBubble(t, func(tc *testClient) {
		tc.Serve = func(_ context.Context, c *websocket.Conn) error {
			return c.Serve(websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) { tc.received <- string(p) }))
		}
	}, func(tc *testClient) {
		for _, want := range []string{"one", "two"} {
			server := tc.server()
			if err := server.Write(background, websocket.OpText, []byte(want)); err != nil {
				t.Fatal(err)
			}
			if got := <-tc.received; got != want {
				t.Errorf("the Handler got %q, want %q", got, want)
			}
			tc.write("reply")
			tc.wantMessages("a reply", server, "reply")
			server.CloseNow()
		}
		tc.cancelled(tc.server(), websocket.StatusNormalClosure)
	})
}

// cancelled ends the context of Run, and checks that a server is told the code.
func (tc *testClient) cancelled(server *websocket.Conn, code websocket.StatusCode) {
	tc.t.Helper()
	tc.cancel()
	if _, _, err := server.Read(background); websocket.CloseStatus(err) != code {
		tc.t.Errorf("the server reads %v, want a Close frame with %d", err, code)
	}
	<-tc.done
	tc.want("Run", tc.err, context.Canceled)
}

// TestRunEndsWithItsContext ends it in every state: Run returns at once, and a Write
// that waits and one that comes later return ErrEnded.
func TestRunEndsWithItsContext(t *testing.T) {
	blocking := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	for _, tt := range []struct {
		name   string
		state  reconnect.State
		set    func(*testClient)
		longer time.Duration // that it may take, for the closing handshake with a server that does not read
	}{
		{"dialling", reconnect.Connecting, func(tc *testClient) {
			tc.Dial = func(ctx context.Context) (*websocket.Conn, error) { return nil, blocking(ctx) }
		}, 0},
		{"subscribing", reconnect.Connecting, func(tc *testClient) {
			tc.Subscribe = func(ctx context.Context, _ *websocket.Conn) error { return blocking(ctx) }
		}, 2 * time.Second},
		{"connected", reconnect.Connected, func(*testClient) {}, 2 * time.Second},
		{"waiting", reconnect.Waiting, func(tc *testClient) {
			tc.refusals = []error{refusal(503, "Retry-After", "60")}
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(tc *testClient) {
				tc.MaxPending = 1
				tt.set(tc)
			}, func(tc *testClient) {
				if states := tc.states(); states[len(states)-1] != tt.state {
					t.Fatalf("the state is %v, want %v", states[len(states)-1], tt.state)
				}
				waiting := make(chan error, 1)
				if tt.state != reconnect.Connected {
					tc.write("fills the queue")
					go func() { waiting <- tc.Write(background, websocket.OpText, []byte("waits")) }()
					synctest.Wait()
				}
				start := time.Now()
				tc.cancel()
				<-tc.done
				if d := time.Since(start); d > tt.longer {
					t.Errorf("Run returned after %v", d)
				}
				tc.want("Run", tc.err, context.Canceled)
				err := tc.Write(background, websocket.OpText, []byte("late"))
				tc.want("a Write afterwards", err, reconnect.ErrEnded)
				tc.want("which says why", err, context.Canceled)
				if tt.state != reconnect.Connected {
					tc.want("the Write that waited", <-waiting, reconnect.ErrEnded)
				}
			})
		})
	}
}

func TestRunClosesTheConnectionWithItsContext(t *testing.T) {
	inBubble(t, nil, func(tc *testClient) {
		server := tc.server()
		tc.write("last words")
		tc.cancel()
		tc.wantMessages("what was written is sent", server, "last words")
		tc.cancelled(server, websocket.StatusNormalClosure)
	})
}

// TestServeThatReturnsNil ends Run: what is queued at that time is sent.
func TestServeThatReturnsNil(t *testing.T) {
	inBubble(t, func(tc *testClient) {
		tc.Subscribe = func(context.Context, *websocket.Conn) error {
			time.Sleep(time.Second)
			return nil
		}
		tc.Serve = func(context.Context, *websocket.Conn) error { return nil }
	}, func(tc *testClient) {
		tc.write("queued")
		server := tc.server()
		tc.wantMessages("what was queued is sent", server, "queued")
		if _, _, err := server.Read(background); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
			t.Errorf("the server reads %v, want a Close frame", err)
		}
		<-tc.done
		tc.want("Run", tc.err, nil)
		tc.want("a Write afterwards", tc.Write(background, websocket.OpText, nil), reconnect.ErrEnded)
	})
}

// TestRunRefusesWrongFields is the table of what is an error at once.
func TestRunRefusesWrongFields(t *testing.T) {
	dial := func(context.Context) (*websocket.Conn, error) { return nil, errRefused }
	serve := func(context.Context, *websocket.Conn) error { return nil }
	for name, c := range map[string]*reconnect.Client{
		"Dial":     {Serve: serve},
		"Serve":    {Dial: dial},
		"Overflow": {Dial: dial, Serve: serve, Overflow: websocket.Disconnect},
	} {
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without a valid %s: Run() = %v", name, err)
		}
	}
	c := &reconnect.Client{Dial: dial, Serve: serve, GiveUp: func(error) bool { return true }}
	if err := c.Run(t.Context()); !errors.Is(err, errRefused) {
		t.Errorf("Run() = %v, want %v", err, errRefused)
	}
	if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "before") {
		t.Errorf("a second Run() = %v", err)
	}
}

func TestStateNames(t *testing.T) {
	for state, want := range map[reconnect.State]string{
		reconnect.Connecting: "connecting", reconnect.Connected: "connected", reconnect.Waiting: "waiting",
		reconnect.Ended: "ended", 9: "State(9)",
	} {
		if got := state.String(); got != want {
			t.Errorf("State(%d) is %q, want %q", uint8(state), got, want)
		}
	}
}
