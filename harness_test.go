package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// testConn is a Conn under test. The test plays its peer, frame by frame, over a
// connection in memory, and lives in a synctest bubble: what it wants has to be
// there once everything has come to rest, and time passes only when it sleeps.
type testConn struct {
	*websocket.Conn
	t    *testing.T
	role websocket.Role
	peer *pipe.Conn // the other end: its bytes are the test's
}

// inBubble runs f in a bubble, with a Conn in the given role.
func inBubble(t *testing.T, role websocket.Role, opts *websocket.Options, f func(*testConn)) {
	t.Helper()
	inBubbleAfter(t, role, websocket.Handshake{}, opts, f)
}

// inBubbleAfter is inBubble with a Conn of which h was agreed on.
func inBubbleAfter(t *testing.T, role websocket.Role, h websocket.Handshake, opts *websocket.Options, f func(*testConn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, peer := pipe.New()
		f(newTestConn(t, testkit.NewConn(ours, role, h, opts), role, peer))
	})
}

// inBothRoles runs f once with a server's Conn and once with a client's.
func inBothRoles(t *testing.T, opts *websocket.Options, f func(*testConn)) {
	t.Helper()
	inBothRolesAfter(t, websocket.Handshake{}, opts, f)
}

// inBothRolesAfter is inBothRoles with Conns of which h was agreed on.
func inBothRolesAfter(t *testing.T, h websocket.Handshake, opts *websocket.Options, f func(*testConn)) {
	t.Helper()
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			inBubbleAfter(t, role, h, opts, f)
		})
	}
}

// newTestConn makes a testConn of a Conn that exists, and of the other end of its
// pipe. Both are closed when the test ends.
func newTestConn(t *testing.T, c *websocket.Conn, role websocket.Role, peer *pipe.Conn) *testConn {
	t.Cleanup(func() {
		c.CloseNow()
		peer.Close()
		time.Sleep(time.Hour) // whoever sleeps in this bubble wakes up and ends
	})
	return &testConn{Conn: c, t: t, role: role, peer: peer}
}

// send sends frames as the peer, in one piece.
func (tc *testConn) send(frames ...wstest.Frame) {
	tc.t.Helper()
	tc.sendBytes(tc.wire(frames...))
}

// wire returns frames as the peer sends them: masked if it is the client.
func (tc *testConn) wire(frames ...wstest.Frame) []byte {
	var b []byte
	for _, f := range frames {
		if tc.role == websocket.RoleServer {
			b = f.AppendMasked(b, wstest.RFCKey)
		} else {
			b = f.Append(b)
		}
	}
	return b
}

// sendBytes sends bytes as the peer.
func (tc *testConn) sendBytes(b []byte) {
	tc.t.Helper()
	if _, err := tc.peer.Write(b); err != nil {
		tc.t.Fatalf("the peer sends %d bytes: %v", len(b), err)
	}
}

// frame returns the next frame that the peer finds, without waiting for one.
// Its error is os.ErrDeadlineExceeded if there is none.
func (tc *testConn) frame() (wstest.Frame, error) {
	tc.t.Helper()
	synctest.Wait()
	tc.peer.SetReadDeadline(time.Now().Add(1)) // ends when nothing moves any more
	defer tc.peer.SetReadDeadline(time.Time{})
	f, masked, err := wstest.ReadFrame(tc.peer)
	if err == nil && masked != (tc.role == websocket.RoleClient) {
		tc.t.Errorf("frame %v from a %v: masked = %t", f, tc.role, masked)
	}
	return f, err
}

// wantFrame checks that the next frame has been sent, and is as wanted.
func (tc *testConn) wantFrame(sentence string, want wstest.Frame) {
	tc.t.Helper()
	got, err := tc.frame()
	if err != nil {
		tc.t.Fatalf("%s:\n got %v\nwant %v", sentence, err, want)
	}
	if got.String() != want.String() || !bytes.Equal(got.Payload, want.Payload) {
		tc.t.Fatalf("%s:\n got %v\nwant %v", sentence, got, want)
	}
}

// wantClose checks that the next frame is a Close frame with the code, whatever
// its reason.
func (tc *testConn) wantClose(sentence string, code websocket.StatusCode) {
	tc.t.Helper()
	got, err := tc.frame()
	if err != nil {
		tc.t.Fatalf("%s:\n got %v\nwant a Close frame with %d", sentence, err, uint16(code))
	}
	if want := wstest.Close(code, ""); got.Opcode != want.Opcode || !bytes.HasPrefix(got.Payload, want.Payload) {
		tc.t.Fatalf("%s:\n got %v\nwant a Close frame with %d", sentence, got, uint16(code))
	}
}

// wantIdle checks that no further frame has been sent, and that the connection
// is open.
func (tc *testConn) wantIdle(sentence string) {
	tc.t.Helper()
	if got, err := tc.frame(); !errors.Is(err, os.ErrDeadlineExceeded) {
		tc.t.Fatalf("%s:\n got %s\nwant nothing", sentence, frameOrError(got, err))
	}
}

// wantClosed checks that nothing more was sent and that TCP is closed.
func (tc *testConn) wantClosed(sentence string) {
	tc.t.Helper()
	if got, err := tc.frame(); err != io.EOF {
		tc.t.Fatalf("%s:\n got %s\nwant the end of the TCP connection", sentence, frameOrError(got, err))
	}
}

func frameOrError(f wstest.Frame, err error) string {
	if err != nil {
		return err.Error()
	}
	return f.String()
}

// wantMessage reads the next message and checks that it is as wanted.
func (tc *testConn) wantMessage(sentence string, want wstest.Frame) {
	tc.t.Helper()
	op, p, err := tc.Read(background)
	got := wstest.Frame{Fin: true, Opcode: op, Payload: p}
	if err != nil || got.String() != want.String() || !bytes.Equal(p, want.Payload) {
		tc.t.Fatalf("%s:\nRead() = %v, %v\n  want = %v", sentence, got, err, want)
	}
}

// call is a call that runs on a goroutine of its own.
type call struct {
	done chan struct{}
	err  error
}

// begin calls f on a goroutine of its own and lets it get as far as it can.
func begin(f func() error) *call {
	c := &call{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.err = f()
	}()
	synctest.Wait()
	return c
}

// beginRead begins a Read of which only the error counts.
func (tc *testConn) beginRead(ctx context.Context) *call {
	return begin(func() error {
		_, _, err := tc.Read(ctx)
		return err
	})
}

// returned reports whether the call has returned by now.
func (c *call) returned() bool {
	synctest.Wait()
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// wait waits until the call returns, and gives its error.
func (c *call) wait() error {
	<-c.done
	return c.err
}

// want checks that err is target, nil included.
func (tc *testConn) want(sentence string, err, target error) {
	tc.t.Helper()
	if !errors.Is(err, target) {
		tc.t.Fatalf("%s:\n got error %v\nwant error %v", sentence, err, target)
	}
}

// wantCloseError checks that err is a CloseError with the code.
func (tc *testConn) wantCloseError(sentence string, err error, code websocket.StatusCode) {
	tc.t.Helper()
	if e, ok := errors.AsType[*websocket.CloseError](err); !ok || e.Err != nil || e.Code != code {
		tc.t.Fatalf("%s:\n got error %v\nwant a *CloseError with %d", sentence, err, uint16(code))
	}
}

// took checks that a wait that began at start is over by now and was d long,
// give or take a millisecond.
func (tc *testConn) took(sentence string, start time.Time, d time.Duration) {
	tc.t.Helper()
	if got := time.Since(start).Round(time.Millisecond); got != d {
		tc.t.Fatalf("%s: it took %v, want %v", sentence, got, d)
	}
}

// TestTestConn shows the harness at work: an echo, a Ping, a close.
func TestTestConn(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.send(wstest.Text("hello"))
		tc.wantMessage("the peer's message arrives", wstest.Text("hello"))
		tc.want("a message is written", tc.Write(background, websocket.OpText, []byte("world")), nil)
		tc.wantFrame("it is one frame", wstest.Text("world"))
		tc.wantIdle("nothing else is sent")

		read := tc.beginRead(background)
		tc.send(wstest.Ping("x"))
		tc.wantFrame("a Ping is answered", wstest.Pong("x"))
		if read.returned() {
			tc.t.Fatalf("a Ping ended the read: %v", read.err)
		}
		tc.send(wstest.Close(1000, "bye"))
		tc.wantFrame("the Close frame is answered", wstest.Close(1000, ""))
		tc.peer.Close()
		tc.wantCloseError("the read tells code and reason", read.wait(), 1000)
		if got, want := fmt.Sprint(read.err), `websocket: closed by the peer: 1000 normal closure: "bye"`; got != want {
			tc.t.Errorf("CloseError = %s\n      want %s", got, want)
		}
	})
}
