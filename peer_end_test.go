package websocket_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// busyness is how an application uses a connection while its peer ends. No way may keep
// the end from being found.
type busyness struct {
	name string
	use  func(tc *testConn, stop <-chan struct{}) // returns when the connection is in use
}

// said is what the peer sends before its end, in the middle of a message if a part.
func said(tc *testConn) {
	tc.send(wstest.Text("hi"))
	time.Sleep(2 * time.Second)
}

var busynesses = []busyness{
	{"it only writes", func(tc *testConn, stop <-chan struct{}) { go tc.feed(stop) }},
	{"it only writes, and a message is unread", func(tc *testConn, stop <-chan struct{}) {
		go tc.feed(stop)
		said(tc)
	}},
	{"it does nothing, and a message is unread", func(tc *testConn, _ <-chan struct{}) { said(tc) }},
	{"many messages are unread", func(tc *testConn, _ <-chan struct{}) {
		for range 20 {
			tc.send(wstest.Binary(make([]byte, 1000)))
		}
		time.Sleep(2 * time.Second)
	}},
	{"a Reader is left in the middle", func(tc *testConn, _ <-chan struct{}) {
		tc.send(wstest.Text("one").More(), wstest.Continuation("two"))
		_, r, err := tc.Reader(background)
		tc.want("Reader", err, nil)
		_, err = r.Read(make([]byte, 1))
		tc.want("its Read", err, nil)
		time.Sleep(2 * time.Second)
	}},
	{"a Reader is left in a message that goes on", func(tc *testConn, _ <-chan struct{}) {
		tc.send(wstest.Text("one").More())
		_, r, err := tc.Reader(background)
		tc.want("Reader", err, nil)
		_, err = r.Read(make([]byte, 1))
		tc.want("its Read", err, nil)
	}},
	{"a Read was given up", func(tc *testConn, _ <-chan struct{}) {
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		_, _, err := tc.Read(ctx)
		tc.want("Read", err, context.DeadlineExceeded)
		said(tc)
	}},
	{"a Handler is busy", func(tc *testConn, stop <-chan struct{}) {
		go tc.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) { <-stop }))
		said(tc)
	}},
	{"a Handler is busy, and a message waits", func(tc *testConn, stop <-chan struct{}) {
		go tc.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) { <-stop }))
		said(tc)
		said(tc)
	}},
	{"a Handler waits in its Open", func(tc *testConn, stop <-chan struct{}) {
		go tc.Serve(opener(func(*websocket.Conn) { <-stop }))
		said(tc)
	}},
	{"a Blocking function never reads", func(tc *testConn, stop <-chan struct{}) {
		go tc.Serve(websocket.Blocking(func(*websocket.Conn) { <-stop }))
		said(tc)
	}},
	{"what comes is discarded", func(tc *testConn, _ <-chan struct{}) {
		tc.CloseRead(background)
		said(tc)
	}},
}

// feed writes a message a second, to a peer that takes it.
func (tc *testConn) feed(stop <-chan struct{}) {
	for tc.Write(background, websocket.OpText, []byte("tick")) == nil {
		select {
		case <-stop:
			return
		case <-time.After(time.Second):
		}
	}
}

// opener is a Handler of which only Open does something.
type opener func(*websocket.Conn)

func (f opener) Open(c *websocket.Conn)                          { f(c) }
func (opener) Message(*websocket.Conn, websocket.Opcode, []byte) {}
func (opener) Close(*websocket.Conn, error)                      {}

// TestPromise23EndOfPeerIsFound ends the peer in every way while the application is busy in
// every way: AfterClose and Hooks.Closed report it, a second after a FIN or a Close
// frame, and a minute after the peer has vanished.
func TestPromise23EndOfPeerIsFound(t *testing.T) {
	const soon = 3 * time.Second // what the library waits for an application to read, and for a peer to close TCP
	for _, end := range []struct {
		name   string
		end    func(tc *testConn)
		within time.Duration
		cause  func(err error) bool
	}{
		{"Close frame", func(tc *testConn) { tc.send(wstest.Close(1000, "bye")) }, soon,
			func(err error) bool { return websocket.CloseStatus(err) == 1000 }},
		{"FIN", func(tc *testConn) { tc.peer.Close() }, soon,
			func(err error) bool { return websocket.CloseStatus(err) == websocket.StatusAbnormalClosure }},
		{"vanishes", func(*testConn) {}, time.Minute + soon,
			func(err error) bool { return errors.Is(err, websocket.ErrTimeout) }},
	} {
		for _, busy := range busynesses {
			t.Run(end.name+"/"+busy.name, func(t *testing.T) {
				t.Parallel()
				var cause error
				opts := &websocket.Options{MessageTimeout: time.Hour, Hooks: websocket.Hooks{
					Closed: func(_ *websocket.Conn, err error) { cause = err },
				}}
				for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
					t.Run(role.String(), func(t *testing.T) {
						inBubble(t, role, opts, func(tc *testConn) {
							ended, stop := make(chan struct{}), make(chan struct{})
							defer close(stop)
							tc.AfterClose(func() { close(ended) })
							go drainPeer(tc)
							busy.use(tc, stop)
							synctest.Wait()
							start := time.Now()
							end.end(tc)
							select {
							case <-ended:
							case <-time.After(time.Hour):
								tc.t.Fatal("an hour later AfterClose has not been called")
							}
							if took := time.Since(start); took > end.within {
								tc.t.Errorf("the end was found after %v, want at most %v", took, end.within)
							}
							synctest.Wait()
							if !end.cause(cause) {
								tc.t.Errorf("Hooks.Closed got %v", cause)
							}
							if err := tc.Write(background, websocket.OpText, nil); err == nil {
								tc.t.Error("Write() = nil on a connection that has ended")
							}
						})
					})
				}
			})
		}
	}
}

// drainPeer takes what the connection sends, and answers nothing.
func drainPeer(tc *testConn) {
	for b := make([]byte, 4096); ; {
		if _, err := tc.peer.Read(b); err != nil {
			return
		}
	}
}
