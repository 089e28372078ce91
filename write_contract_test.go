package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestEndedContextSendsNothing: a call whose context has ended returns its error, and
// nothing of it is sent.
func TestEndedContextSendsNothing(t *testing.T) {
	prepared, err := websocket.Prepare(websocket.OpText, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(ctx context.Context, c *websocket.Conn) error{
		"Write": func(ctx context.Context, c *websocket.Conn) error { return c.Write(ctx, websocket.OpText, []byte("x")) },
		"WriteUncompressed": func(ctx context.Context, c *websocket.Conn) error {
			return c.WriteUncompressed(ctx, websocket.OpText, []byte("x"))
		},
		"WritePrepared": func(ctx context.Context, c *websocket.Conn) error { return c.WritePrepared(ctx, prepared) },
		"Queue":         func(ctx context.Context, c *websocket.Conn) error { return c.Queue(ctx, websocket.OpText, []byte("x")) },
		"Flush": func(ctx context.Context, c *websocket.Conn) error {
			c.Queue(background, websocket.OpText, []byte("x"))
			err := c.Flush(ctx)
			if c.Pending() == 0 {
				return errors.New("Flush has sent what was queued")
			}
			return err
		},
		"Writer": func(ctx context.Context, c *websocket.Conn) error {
			_, err := c.Writer(ctx, websocket.OpText)
			return err
		},
		"WriteControl": func(ctx context.Context, c *websocket.Conn) error { return c.WriteControl(ctx, websocket.OpPing, nil) },
		"Ping": func(ctx context.Context, c *websocket.Conn) error {
			_, err := c.Ping(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				cancelled, cancel := context.WithCancel(background)
				cancel()
				tc.want("a context that was cancelled", call(cancelled, tc.Conn), context.Canceled)
				late, cancel := context.WithDeadline(background, time.Now())
				defer cancel()
				tc.want("a deadline that has passed", call(late, tc.Conn), context.DeadlineExceeded)
				if name == "Flush" {
					return
				}
				tc.want("Flush", tc.Flush(background), nil)
				tc.wantIdle("nothing was sent")
			})
		})
	}
}

// TestEndedContextOfAStream: writes of a stream whose context has ended return its error. A
// message of which nothing was sent is not sent; one that has begun is completed.
func TestEndedContextOfAStream(t *testing.T) {
	inBothRoles(t, &websocket.Options{FragmentSize: 4}, func(tc *testConn) {
		for _, begun := range []bool{false, true} {
			ctx, cancel := context.WithCancel(background)
			w, err := tc.Writer(ctx, websocket.OpText)
			tc.want("Writer", err, nil)
			text := "one"
			if begun {
				text = "one two"
			}
			_, err = io.WriteString(w, text)
			tc.want("Write", err, nil)
			cancel()
			if !begun {
				_, err = io.WriteString(w, "more than a fragment")
				tc.want("a Write whose context has ended", err, context.Canceled)
				tc.want("and Close", w.Close(), context.Canceled)
				tc.wantIdle("nothing was sent")
				continue
			}
			tc.wantFrame("the first fragment", wstest.Text("one ").More())
			tc.want("Close", w.Close(), nil)
			tc.wantFrame("the last one", wstest.Continuation("two"))
		}
	})
}

// TestCloseNowSendsWhatWaits: a reply that is delayed, since another message was received
// with the one that it answers, is sent by CloseNow.
func TestCloseNowSendsWhatWaits(t *testing.T) {
	inBothRoles(t, &websocket.Options{FlushDelay: time.Hour}, func(tc *testConn) {
		tc.send(wstest.Text("quit"), wstest.Text("more"))
		tc.wantMessage("the first message", wstest.Text("quit"))
		tc.want("Write", tc.Write(background, websocket.OpText, []byte("bye")), nil)
		if tc.Pending() == 0 {
			tc.t.Fatal("the reply is not delayed, and the test shows nothing")
		}
		tc.CloseNow()
		tc.wantFrame("the reply arrives", wstest.Text("bye"))
		tc.wantClosed("and then the end")
	})
}

// TestCloseNowSendsWhatWaitsOnSockets is the same over sockets.
func TestCloseNowSendsWhatWaitsOnSockets(t *testing.T) {
	t.Parallel()
	onLayers(t, func(t *testing.T, ours, peer, _ net.Conn) {
		c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{FlushDelay: time.Hour})
		peer.Write(masked(wstest.Text("quit"), wstest.Text("more")))
		if _, _, err := c.Read(background); err != nil {
			t.Fatal(err)
		}
		if err := c.Write(background, websocket.OpText, []byte("bye")); err != nil {
			t.Fatal(err)
		}
		c.CloseNow()
		peer.SetReadDeadline(time.Now().Add(patience))
		if f, _, err := wstest.ReadFrame(peer); err != nil || f.String() != wstest.Text("bye").String() {
			t.Errorf("the peer gets %v, %v; want the reply", f, err)
		}
	})
}

// TestCloseNowDoesNotWait: with a peer that takes nothing CloseNow returns at once.
func TestCloseNowDoesNotWait(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.fill()
		start := time.Now()
		tc.CloseNow()
		if took := time.Since(start); took > 10*time.Millisecond {
			tc.t.Errorf("CloseNow took %v", took)
		}
	})
}

// slowly reads n bytes from peer, so many at a time.
func slowly(peer io.Reader, n, piece int, pause time.Duration) {
	for b := make([]byte, piece); n > 0; {
		m, err := peer.Read(b)
		if err != nil {
			return
		}
		n -= m
		time.Sleep(pause)
	}
}

// TestWriteTimeoutIsAboutProgress sends a message that takes a steady, slow peer many
// times WriteTimeout, PingInterval and PongTimeout, by each way of sending.
func TestWriteTimeoutIsAboutProgress(t *testing.T) {
	const size = 40 * pipe.Buffer // a minute and more
	opts := &websocket.Options{WriteTimeout: 5 * time.Second, PingInterval: 4 * time.Second, PongTimeout: 4 * time.Second, MessageTimeout: time.Hour}
	payload := make([]byte, size)
	prepared, err := websocket.Prepare(websocket.OpBinary, payload)
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(c *websocket.Conn) error{
		"Write": func(c *websocket.Conn) error { return c.Write(background, websocket.OpBinary, payload) },
		"Write with a context": func(c *websocket.Conn) error {
			ctx, cancel := context.WithTimeout(background, time.Hour)
			defer cancel()
			return c.Write(ctx, websocket.OpBinary, payload)
		},
		"WritePrepared": func(c *websocket.Conn) error { return c.WritePrepared(background, prepared) },
		"Writer": func(c *websocket.Conn) error {
			w, err := c.Writer(background, websocket.OpBinary)
			if err != nil {
				return err
			}
			_, err = w.Write(payload)
			return errors.Join(err, w.Close())
		},
	} {
		for _, reads := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", and reads", false: ""}[reads], func(t *testing.T) {
				inBothRoles(t, opts, func(tc *testConn) {
					if reads {
						tc.beginRead(background)
					}
					go slowly(tc.peer, size, 32<<10, time.Second)
					start := time.Now()
					tc.want("the message is sent", write(tc.Conn), nil)
					if took := time.Since(start); took < 4*opts.WriteTimeout {
						tc.t.Errorf("it took %v, and the test shows nothing", took)
					}
				})
			})
		}
	}
}

// TestReadErrorsAfterServe: when Serve has returned, reads and Serve say what ended the
// connection, in either form.
func TestReadErrorsAfterServe(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				served := begin(func() error { return tc.Serve(h) })
				tc.send(wstest.Close(4000, "enough"))
				tc.wantFrame("the Close frame is answered", wstest.Close(4000, ""))
				tc.peer.Close()
				served.wait()
				_, _, err := tc.Read(background)
				tc.wantCloseError("Read", err, 4000)
				_, _, err = tc.Reader(background)
				tc.wantCloseError("Reader", err, 4000)
				tc.wantCloseError("Serve", tc.Serve(forms["events"]), 4000)
			})
		})
	}
}

// TestPromise24ContextsLeaveNoGoroutine reads with a context each, past the end of the connection,
// and closes it with Close alone. A goroutine that is left would keep the bubble from
// ending.
func TestPromise24ContextsLeaveNoGoroutine(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, peer := pipe.New()
				c := testkit.NewConn(ours, role, websocket.Handshake{}, nil)
				tc := &testConn{Conn: c, t: t, role: role, peer: peer}
				read := func() error {
					ctx, cancel := context.WithTimeout(background, time.Hour)
					defer cancel()
					_, _, err := c.Read(ctx)
					return err
				}
				for range 6 {
					tc.send(wstest.Text("x"))
					tc.want("Read", read(), nil)
				}
				tc.send(wstest.Close(1000, ""))
				peer.CloseWrite()
				for range 6 {
					tc.wantCloseError("Read behind the end", read(), 1000)
				}
				tc.want("Close", c.Close(websocket.StatusNormalClosure, ""), nil)
				peer.Close()
			})
		})
	}
}

// TestBurstsAreNoFlood sends bursts as they happen, with the default budget: every Ping is
// answered, and the connection stays open.
func TestBurstsAreNoFlood(t *testing.T) {
	var sizes, fragments []wstest.Frame
	for n := range 126 {
		sizes = append(sizes, wstest.Ping(strings.Repeat("x", n)))
	}
	fragments = append(fragments, wstest.Text("").More())
	for n := range 990 {
		fragments = append(fragments, wstest.Continuation("x").More(), wstest.Ping(fmt.Sprint(n+1)))
	}
	fragments = append(fragments, wstest.Continuation(""))
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
	}{
		{"Pings of 0 to 125 bytes", sizes},
		{"fragments with a Ping between each", fragments},
		{"a Ping a second for two minutes, read at once", chatterOf(120)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{PingInterval: -1}, func(tc *testConn) {
				tc.sendBytes(tc.wire(tt.frames...))
				read := tc.beginRead(background)
				time.Sleep(time.Second) // Pongs are delayed as replies are
				for _, f := range tt.frames {
					if f.Opcode == websocket.OpPing {
						tc.wantFrame("every Ping is answered", wstest.Pong(string(f.Payload)))
					}
				}
				tc.wantIdle("and the connection is open")
				tc.send(wstest.Text("x"))
				tc.want("Read", read.wait(), nil)
			})
		})
	}
}

// chatterOf returns n Pings.
func chatterOf(n int) (frames []wstest.Frame) {
	for i := range n {
		frames = append(frames, wstest.Ping(fmt.Sprint(i+1)))
	}
	return frames
}
