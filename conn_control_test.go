package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestWriteControl sends Pings and Pongs of the application's.
func TestWriteControl(t *testing.T) {
	ended, cancel := context.WithCancel(background)
	cancel()
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		op      websocket.Opcode
		payload string
		want    error
	}{
		{"a Ping", background, websocket.OpPing, "are you there", nil},
		{"an empty Ping", background, websocket.OpPing, "", nil},
		{"a Pong that nothing asked for", background, websocket.OpPong, "still here", nil},
		{"the longest payload", background, websocket.OpPing, strings.Repeat("x", 125), nil},
		{"a longer one", background, websocket.OpPing, strings.Repeat("x", 126), codec.ErrControlTooLong},
		{"a Close frame", background, websocket.OpClose, "", websocket.ErrControlType},
		{"a message", background, websocket.OpText, "x", websocket.ErrControlType},
		{"a context that has ended", ended, websocket.OpPing, "x", context.Canceled},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				tc.want("WriteControl", tc.WriteControl(tt.ctx, tt.op, []byte(tt.payload)), tt.want)
				if tt.want == nil {
					tc.wantFrame("the frame", wstest.Frame{Fin: true, Opcode: tt.op, Payload: []byte(tt.payload)})
				}
				tc.wantIdle("nothing else")
			})
		})
	}
}

// TestHooksControl sees every control frame, in either form, and they are answered as
// without the hook.
func TestHooksControl(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			opts := &websocket.Options{Hooks: websocket.Hooks{Control: func(c *websocket.Conn, op websocket.Opcode, payload []byte) {
				mu.Lock()
				defer mu.Unlock()
				seen = append(seen, fmt.Sprintf("%v %q", op, payload))
			}}}
			inBubble(t, websocket.RoleServer, opts, func(tc *testConn) {
				served := begin(func() error { return tc.Serve(h) })
				tc.send(wstest.Ping("1"), wstest.Pong("2"), wstest.Close(1001, "bye"))
				tc.wantFrame("the Ping is answered", wstest.Pong("1"))
				tc.wantFrame("and the Close frame", wstest.Close(1001, ""))
				tc.endTCP()
				served.wait()
			})
			if got, want := strings.Join(seen, ", "), `ping "1", pong "2", close "\x03\xe9bye"`; got != want {
				t.Errorf("Control saw %s, want %s", got, want)
			}
		})
	}
}

// TestSetMaxMessage changes the limit of a connection: between reads, under a read, and in
// a Handler's method, also for a message that has been received already.
func TestSetMaxMessage(t *testing.T) {
	text := func(n int) wstest.Frame { return wstest.Text(strings.Repeat("x", n)) }
	inBothRoles(t, &websocket.Options{MaxMessage: 10}, func(tc *testConn) {
		tc.send(text(10), text(20), text(30))
		tc.wantMessage("the limit of Options", text(10))
		tc.SetMaxMessage(20)
		tc.wantMessage("a larger one, also for what was received before", text(20))
		_, _, err := tc.Read(background)
		tc.want("but no more", err, codec.ErrMessageTooBig)
	})
	inBothRoles(t, &websocket.Options{MaxMessage: 10}, func(tc *testConn) {
		read := begin(func() error {
			_, _, err := tc.Read(background)
			return err
		})
		synctest.Wait()
		tc.SetMaxMessage(0)
		tc.send(text(5))
		tc.want("the read under way", read.wait(), nil)
		tc.send(text(100_000))
		tc.wantMessage("no limit", text(100_000))
	})
	inBothRoles(t, &websocket.Options{MaxMessage: 1000}, func(tc *testConn) {
		read := tc.beginRead(background)
		tc.SetMaxMessage(10)
		tc.send(text(5))
		tc.want("the read under way", read.wait(), nil)
		tc.SetMaxMessage(100)
		read = tc.beginRead(background)
		tc.send(text(50))
		tc.want("the limit that was set last", read.wait(), nil)
		read = tc.beginRead(background)
		tc.SetMaxMessage(20)
		tc.send(text(50))
		tc.wantClose("a lower one, for the read under way", websocket.StatusMessageTooBig)
		tc.endTCP()
		tc.want("and its error", read.wait(), codec.ErrMessageTooBig)
	})
	inBothRoles(t, nil, func(tc *testConn) {
		want := text(300_000)
		read := begin(func() error {
			_, p, err := tc.Read(background)
			if err == nil && !bytes.Equal(p, want.Payload) {
				err = fmt.Errorf("a wrong message of %d bytes", len(p))
			}
			return err
		})
		b := tc.wire(want)
		tc.sendBytes(b[:40_000])
		synctest.Wait()
		tc.SetMaxMessage(600)
		for part := range slices.Chunk(b[40_000:], 10_000) {
			tc.sendBytes(part)
			synctest.Wait()
		}
		tc.want("a message that has begun before the limit was lowered", read.wait(), nil)
	})
	h := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.SetMaxMessage(1000)
		c.Write(background, op, p)
	})
	inBothRoles(t, &websocket.Options{MaxMessage: 10}, func(tc *testConn) {
		served := begin(func() error { return tc.Serve(h) })
		tc.send(text(5), text(500), text(1001))
		tc.wantFrame("the first", text(5))
		tc.wantFrame("the second", text(500))
		tc.wantClose("the third is too large", websocket.StatusMessageTooBig)
		tc.endTCP()
		served.wait()
	})
}

// TestStartClose returns at once, and the library completes the closing handshake.
func TestStartClose(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		ended := make(chan struct{})
		tc.AfterClose(func() { close(ended) })
		tc.want("Write", tc.Write(background, websocket.OpText, []byte("last")), nil)
		tc.want("StartClose", tc.StartClose(4000, "enough"), nil)
		tc.want("a later Write", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
		tc.wantFrame("what was written before", wstest.Text("last"))
		tc.wantFrame("the Close frame", wstest.Close(4000, "enough"))
		tc.send(wstest.Text("unread"), wstest.Close(4000, ""))
		tc.endTCP()
		<-ended
		tc.wantMessage("a message that came before the peer's Close frame", wstest.Text("unread"))
		_, _, err := tc.Read(background)
		tc.wantCloseError("and then the end", err, 4000)
	})
	inBothRoles(t, nil, func(tc *testConn) {
		if err := tc.StartClose(1006, ""); err == nil {
			t.Error("StartClose(1006) = nil, want an error")
		}
		tc.wantIdle("nothing is sent")
	})
}

// TestCloseRead discards messages, answers control frames, and ends its context with the
// connection.
func TestCloseRead(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		ctx := tc.CloseRead(background)
		for range 1000 {
			tc.send(wstest.Binary(make([]byte, 1000)))
		}
		tc.send(wstest.Ping("x"))
		tc.wantFrame("Pings are answered, however much is not read", wstest.Pong("x"))
		tc.want("Write", tc.Write(background, websocket.OpText, []byte("news")), nil)
		tc.wantFrame("writing goes on", wstest.Text("news"))
		if _, _, err := tc.Read(background); err != websocket.ErrHandlerReads {
			t.Errorf("Read() = %v, want ErrHandlerReads", err)
		}
		tc.send(wstest.Close(1001, "bye"))
		tc.wantFrame("the Close frame is answered", wstest.Close(1001, ""))
		tc.endTCP()
		<-ctx.Done()
		tc.wantCloseError("the cause of the context's end", context.Cause(ctx), 1001)
	})
	inBothRoles(t, nil, func(tc *testConn) {
		read := tc.beginRead(background)
		synctest.Wait()
		if err := context.Cause(tc.CloseRead(background)); err != websocket.ErrConcurrentRead {
			t.Errorf("CloseRead() while another goroutine reads: %v, want ErrConcurrentRead", err)
		}
		tc.want("Start while another goroutine reads", tc.Start(forms["blocking"]), websocket.ErrConcurrentRead)
		tc.CloseNow()
		read.wait()
	})
	inBothRoles(t, nil, func(tc *testConn) {
		tc.CloseRead(background)
		for form, h := range forms {
			tc.want("Start after CloseRead, "+form, tc.Start(h), websocket.ErrConcurrentRead)
			tc.want("Serve after CloseRead, "+form, tc.Serve(h), websocket.ErrConcurrentRead)
		}
	})
}

// TestStart serves behind net/http after the handler has returned.
func TestStart(t *testing.T) {
	started := make(chan error, 1)
	hs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil)
		if err != nil {
			started <- err
			return
		}
		started <- errors.Join(c.Start(forms["events"]), wantConcurrent(c.Start(forms["events"])))
	}))
	defer hs.Close()
	c, err := websocket.Dial(background, hs.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	wantEcho(t, c, "hello")
	time.Sleep(50 * time.Millisecond)
	wantEcho(t, c, "hello again")
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close() = %v", err)
	}
}

func wantConcurrent(err error) error {
	if err != websocket.ErrConcurrentRead {
		return fmt.Errorf("a second Start = %v, want ErrConcurrentRead", err)
	}
	return nil
}
