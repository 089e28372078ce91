package websocket_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// countedConn counts the writes.
type countedConn struct {
	net.Conn
	writes atomic.Int32
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// inCountedBubble is inBubble with a Conn whose writes are counted, served by h.
func inCountedBubble(t *testing.T, role websocket.Role, opts *websocket.Options, h websocket.Handler, f func(*testConn, *countedConn)) {
	synctest.Test(t, func(t *testing.T) {
		ours, peer := pipe.New()
		counted := &countedConn{Conn: ours}
		tc := newTestConn(t, testkit.NewConn(counted, role, websocket.Handshake{}, opts), role, peer)
		go tc.Serve(h)
		synctest.Wait()
		f(tc, counted)
	})
}

// TestOneWriteForABatchOfRequests answers many requests that come in one piece.
func TestOneWriteForABatchOfRequests(t *testing.T) {
	const n = 16
	for form, h := range forms {
		for _, tt := range []struct {
			name   string
			opts   websocket.Options
			writes int32
		}{
			{"held by default", websocket.Options{}, 1},
			{"each at once if holding is off", websocket.Options{FlushDelay: -1}, n},
		} {
			for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
				t.Run(form+", "+tt.name+", "+role.String(), func(t *testing.T) {
					inCountedBubble(t, role, &tt.opts, h, func(tc *testConn, counted *countedConn) {
						var batch []wstest.Frame
						for i := range n {
							batch = append(batch, wstest.Text(string(rune('a'+i))))
						}
						tc.send(batch...)
						for _, f := range batch {
							tc.wantFrame("each request is answered", f)
						}
						if got := counted.writes.Load(); got != tt.writes {
							tc.t.Errorf("%d replies took %d writes, want %d", n, got, tt.writes)
						}
					})
				})
			}
		}
	}
}

// TestReplyWaitsForTheFrameThatArrives has the next request arrive in two pieces.
func TestReplyWaitsForTheFrameThatArrives(t *testing.T) {
	for form, h := range forms {
		for _, tt := range []struct {
			name   string
			second int // bytes of the second request that arrive with the first
			pause  time.Duration
			writes int32
		}{
			{"a part of the header", 1, 100 * time.Microsecond, 1},
			{"all but a byte", 1005, 100 * time.Microsecond, 1},
			{"the rest is late", 500, time.Second, 2},
			{"nothing", 0, 100 * time.Microsecond, 2},
		} {
			t.Run(form+", "+tt.name, func(t *testing.T) {
				inCountedBubble(t, websocket.RoleServer, nil, h, func(tc *testConn, counted *countedConn) {
					first, second := wstest.Text("first"), wstest.Text(strings.Repeat("x", 1000))
					wire := tc.wire(first, second)
					cut := len(tc.wire(first)) + tt.second
					tc.sendBytes(wire[:cut])
					time.Sleep(tt.pause)
					tc.sendBytes(wire[cut:])
					tc.wantFrame("the first reply", first)
					tc.wantFrame("the second reply", second)
					if got := counted.writes.Load(); got != tt.writes {
						tc.t.Errorf("2 replies took %d writes, want %d", got, tt.writes)
					}
				})
			})
		}
	}
}

// TestReplyLeavesBeforeTheEnd has the peer end its side in the middle of the next request.
func TestReplyLeavesBeforeTheEnd(t *testing.T) {
	t.Parallel()
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			onLayers(t, func(t *testing.T, ours, peer, _ net.Conn) {
				c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{FlushDelay: time.Hour})
				go c.Serve(h)
				peer.Write(masked(wstest.Text("whole"), wstest.Text("part"))[:15])
				peer.(interface{ CloseWrite() error }).CloseWrite()
				peer.SetReadDeadline(time.Now().Add(patience))
				if f, _, err := wstest.ReadFrame(peer); err != nil || f.String() != wstest.Text("whole").String() {
					t.Errorf("the peer gets %v, %v; want the reply", f, err)
				}
				if f, _, err := wstest.ReadFrame(peer); err != io.EOF {
					t.Errorf("the peer then gets %v, %v; want the end", f, err)
				}
			})
		})
	}
}

// TestPongsLeaveWithReplies answers Pings among the requests of a batch.
func TestPongsLeaveWithReplies(t *testing.T) {
	inCountedBubble(t, websocket.RoleServer, nil, forms["events"], func(tc *testConn, counted *countedConn) {
		tc.send(wstest.Text("a"), wstest.Ping("1"), wstest.Ping("2"), wstest.Text("b"), wstest.Ping("3"))
		for _, want := range []wstest.Frame{wstest.Text("a"), wstest.Pong("1"), wstest.Pong("2"), wstest.Text("b"), wstest.Pong("3")} {
			tc.wantFrame("answers come in order", want)
		}
		if got := counted.writes.Load(); got != 1 {
			tc.t.Errorf("5 answers took %d writes, want 1", got)
		}
	})
}

// TestHeldReplyLeavesIfTheApplicationStalls has a handler that takes its time
// for the second of two messages.
func TestHeldReplyLeavesIfTheApplicationStalls(t *testing.T) {
	stall := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		if string(p) == "slow" {
			time.Sleep(time.Second)
		}
		c.Write(background, op, p)
	})
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			inCountedBubble(t, role, &websocket.Options{FlushDelay: 500 * time.Microsecond}, stall, func(tc *testConn, counted *countedConn) {
				for round := range 3 { // the timer is used again
					tc.send(wstest.Text("fast"), wstest.Text("slow"), wstest.Text("last"))
					time.Sleep(400 * time.Microsecond)
					tc.wantIdle("the reply is held back")
					time.Sleep(200 * time.Microsecond)
					tc.wantFrame("and leaves by itself", wstest.Text("fast"))
					tc.wantIdle("alone")
					time.Sleep(time.Second)
					tc.wantFrame("the others follow", wstest.Text("slow"))
					tc.wantFrame("together", wstest.Text("last"))
					if got := counted.writes.Load(); got != int32(2*round+2) {
						tc.t.Errorf("%d writes after round %d, want %d", got, round, 2*round+2)
					}
				}
			})
		})
	}
}

// TestMuchIsNotHeldBack has a reply that makes 96 KiB full, and one behind it.
func TestMuchIsNotHeldBack(t *testing.T) {
	const replies, size = 24, 4 << 10
	var stalled chan struct{}
	h := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		if string(p) == "stall" {
			<-stalled
			return
		}
		for range replies {
			c.Write(background, op, make([]byte, size))
		}
		c.Write(background, op, []byte("held"))
	})
	inCountedBubble(t, websocket.RoleServer, &websocket.Options{FlushDelay: time.Hour}, h, func(tc *testConn, _ *countedConn) {
		stalled = make(chan struct{}) // of this bubble
		tc.send(wstest.Binary([]byte("go")), wstest.Binary([]byte("stall")))
		for range replies {
			tc.wantFrame("96 KiB leave at once", wstest.Binary(make([]byte, size)))
		}
		tc.wantIdle("a little more is held back")
		close(stalled)
		tc.wantFrame("until there is nothing more to read", wstest.Binary([]byte("held")))
	})
}

// TestHeldReplyLeavesBeforeTheClose looks that Close sends what was held back.
func TestHeldReplyLeavesBeforeTheClose(t *testing.T) {
	h := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(background, op, p)
		c.Close(websocket.StatusNormalClosure, "enough")
	})
	inCountedBubble(t, websocket.RoleServer, &websocket.Options{FlushDelay: time.Hour}, h, func(tc *testConn, _ *countedConn) {
		tc.send(wstest.Text("a"), wstest.Text("b"))
		tc.wantFrame("the reply comes", wstest.Text("a"))
		tc.wantFrame("and then the Close frame", wstest.Close(1000, "enough"))
		tc.wantIdle("and nothing behind it")
		tc.peer.Close()
	})
}

// TestReadDoesNotWaitForItsReplies has a read that sends delayed replies over a
// connection that cannot be left while it sends, to a peer that takes nothing.
func TestReadDoesNotWaitForItsReplies(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.want("what fills the pipe", tc.Write(background, websocket.OpBinary, make([]byte, 60<<10)), nil)
		tc.want("what waits for the next flush", tc.Queue(background, websocket.OpBinary, make([]byte, 30<<10)), nil)
		start := time.Now()
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		_, _, err := tc.Read(ctx)
		tc.want("Read ends with its context", err, context.DeadlineExceeded)
		tc.took("and in time", start, time.Second)
		tc.wantFrame("the first message", wstest.Binary(make([]byte, 60<<10)))
		tc.wantFrame("and the one that waited", wstest.Binary(make([]byte, 30<<10)))
	})
}
