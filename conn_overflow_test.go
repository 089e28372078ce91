package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestOverflow has a peer that never reads, until it does.
func TestOverflow(t *testing.T) {
	const maxPending, size, messages = 30_000, 10_000, 12
	for _, tt := range []struct {
		policy websocket.Overflow
		name   string
		kept   []int // of the messages that are written while the peer's buffer is full
		fails  []int
	}{
		{websocket.DropOldest, "DropOldest", []int{9, 10, 11}, nil},
		{websocket.DropNewest, "DropNewest", []int{0, 1}, []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := &websocket.Options{Overflow: tt.policy, MaxPending: maxPending, PingInterval: -1}
			inBothRoles(t, opts, func(tc *testConn) {
				written, _ := tc.fill() // the last of which is pending, and the oldest that may be dropped
				read := tc.beginRead(background)
				tc.send(wstest.Ping("x"))
				var fails []int
				for i := range messages {
					write := begin(func() error {
						return tc.Write(background, websocket.OpText, bytes.Repeat([]byte{byte('a' + i)}, size))
					})
					if !write.returned() {
						tc.t.Fatalf("write %d waits", i)
					}
					if write.err != nil {
						tc.want("a message that is dropped", write.err, websocket.ErrOverflow)
						fails = append(fails, i)
					}
					if got := tc.Pending(); got > maxPending+size+14 {
						tc.t.Fatalf("Pending() = %d after write %d, want at most MaxPending and a message", got, i)
					}
				}
				if !slices.Equal(fails, tt.fails) {
					tc.t.Errorf("writes %d failed, want %d", fails, tt.fails)
				}
				if tt.policy == websocket.DropOldest {
					written = written[:len(written)-1]
				}
				sending := written[:len(written)-1]
				if tt.policy == websocket.DropOldest {
					sending = written
				}
				for _, f := range sending {
					tc.wantFrame("what was being sent is whole", f)
				}
				tc.wantFrame("control frames are not held up", wstest.Pong("x"))
				for _, f := range written[len(sending):] {
					tc.wantFrame("what waited longest comes first", f)
				}
				for _, i := range tt.kept {
					tc.wantFrame(fmt.Sprintf("message %d is kept, in order", i), wstest.Text(string(bytes.Repeat([]byte{byte('a' + i)}, size))))
				}
				tc.wantIdle("the others were dropped")
				tc.want("the connection goes on", tc.Write(background, websocket.OpText, []byte("next")), nil)
				tc.wantFrame("for the next message", wstest.Text("next"))
				tc.send(wstest.Text("x"))
				tc.want("in both directions", read.wait(), nil)
			})
		})
	}
}

func TestOverflowDisconnects(t *testing.T) {
	inBothRoles(t, &websocket.Options{Overflow: websocket.Disconnect, MaxPending: 30_000}, func(tc *testConn) {
		tc.fill()
		read := tc.beginRead(background)
		var err error
		for range 4 {
			if err = tc.Write(background, websocket.OpText, make([]byte, 10_000)); err != nil {
				break
			}
		}
		tc.want("a peer that falls behind is cut", err, websocket.ErrOverflow)
		tc.want("every later write says so", tc.Write(background, websocket.OpText, nil), websocket.ErrOverflow)
		tc.want("and the read", read.wait(), websocket.ErrOverflow)
		if got := websocket.CloseStatus(read.err); got != websocket.StatusAbnormalClosure {
			tc.t.Errorf("CloseStatus(%v) = %d, want 1006", read.err, got)
		}
		if got := tc.Pending(); got != 0 {
			tc.t.Errorf("Pending() = %d, want 0", got)
		}
	})
}

// TestOverflowSparesFragments drops whole messages only.
func TestOverflowSparesFragments(t *testing.T) {
	inBothRoles(t, &websocket.Options{Overflow: websocket.DropOldest, MaxPending: 20_000, PingInterval: -1}, func(tc *testConn) {
		written, _ := tc.fill()
		s, err := tc.Writer(background, websocket.OpText)
		if err != nil {
			tc.t.Fatal(err)
		}
		_, err = s.Write(make([]byte, 17_000))
		tc.want("a stream takes bytes", err, nil)
		tc.want("and ends", s.Close(), nil)
		for i := range 5 {
			tc.want("a message", tc.Write(background, websocket.OpBinary, bytes.Repeat([]byte{byte(i)}, 9_000)), nil)
		}
		for _, f := range written[:len(written)-1] {
			tc.wantFrame("what was being sent", f)
		}
		tc.wantFrame("the first fragment is spared", wstest.Text(string(make([]byte, 16<<10))).More())
		tc.wantFrame("and the last", wstest.Continuation(string(make([]byte, 17_000-16<<10))))
		tc.wantFrame("of the messages the newest is kept", wstest.Binary(bytes.Repeat([]byte{4}, 9_000)))
		tc.wantIdle("and it alone")
	})
}

// TestPromise21SilentPeersAreCut has the peer never read.
func TestPromise21SilentPeersAreCut(t *testing.T) {
	for _, policy := range []websocket.Overflow{websocket.Block, websocket.DropOldest, websocket.DropNewest, websocket.Disconnect} {
		t.Run(fmt.Sprint("policy ", policy), func(t *testing.T) {
			inBothRoles(t, &websocket.Options{Overflow: policy, WriteTimeout: 2 * time.Second}, func(tc *testConn) {
				start := time.Now()
				tc.fill()
				_, _, err := tc.Read(background)
				tc.want("the connection ends", err, websocket.ErrTimeout)
				tc.took("after WriteTimeout", start, 2*time.Second)
			})
		})
	}
}

// TestWriteContextOnASocket leaves a write whose bytes have gone in part: the
// library sends the rest, from memory of its own.
func TestWriteContextOnASocket(t *testing.T) {
	t.Parallel()
	const size = 8 << 20 // more than the system's buffers hold
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			ours, peer := tcpPair(t)
			c := testkit.NewConn(ours, role, websocket.Handshake{}, nil)
			defer c.CloseNow()
			p := wstest.BinaryPayload(size)
			sending, stop := context.WithCancel(background)
			in := bufio.NewReader(peer)
			go func() {
				in.Peek(1) // the message is being sent
				time.Sleep(50 * time.Millisecond)
				stop()
			}()
			if err := c.Write(sending, websocket.OpBinary, p); !errors.Is(err, context.Canceled) {
				t.Fatalf("Write() to a peer that does not read = %v, want Canceled", err)
			}
			clear(p) // it is the caller's again
			ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
			defer cancel()
			if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("Read() meanwhile = %v, want DeadlineExceeded", err)
			}
			written := make(chan error, 1)
			go func() { written <- c.Write(background, websocket.OpText, []byte("next")) }()
			for i, want := range []wstest.Frame{wstest.Binary(wstest.BinaryPayload(size)), wstest.Text("next")} {
				f, _, err := wstest.ReadFrame(in)
				if err != nil || f.Opcode != want.Opcode || !bytes.Equal(f.Payload, want.Payload) {
					t.Fatalf("frame %d is %v, %v; want %v", i, f, err, want)
				}
			}
			if err := <-written; err != nil {
				t.Errorf("Write() = %v, want nil", err)
			}
		})
	}
}

// TestReadContextIsKeptWhileSending has a read end in time although it finds
// messages to send that the peer does not take.
func TestReadContextIsKeptWhileSending(t *testing.T) {
	t.Parallel()
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			t.Parallel()
			ours, peer := tcpPair(t)
			c := testkit.NewConn(ours, role, websocket.Handshake{}, &websocket.Options{WriteTimeout: time.Minute})
			defer c.CloseNow()
			for sent := 1; sent > 0; { // nothing goes any more
				ours.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				sent, _ = ours.Write(make([]byte, 16<<20))
			}
			ours.SetWriteDeadline(time.Time{})
			if err := c.Queue(background, websocket.OpBinary, make([]byte, 60<<10)); err != nil {
				t.Fatal(err)
			}
			ping := (&testConn{role: role}).wire(wstest.Ping("x"))
			if _, err := peer.Write(ping); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(background, 100*time.Millisecond)
			defer cancel()
			start := time.Now()
			if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Read() = %v, want DeadlineExceeded", err)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("Read() took %v with a context of 100ms", d)
			}
		})
	}
}
