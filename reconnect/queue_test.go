package reconnect_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
)

// TestOverflow is the table of what a full queue does, with room for ten bytes.
func TestOverflow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		policy websocket.Overflow
		limit  int
		writes []string
		errs   []error // nil for a Write that is accepted
		want   []string
	}{
		{"Block", websocket.Block, 10,
			[]string{"12345", "67890", "a"}, []error{nil, nil, context.DeadlineExceeded}, []string{"12345", "67890"}},
		{"DropOldest", websocket.DropOldest, 10,
			[]string{"12345", "67890", "abcdef"}, []error{nil, nil, nil}, []string{"abcdef"}},
		{"DropOldest, one", websocket.DropOldest, 10,
			[]string{"12345", "67890", "abcde"}, []error{nil, nil, nil}, []string{"67890", "abcde"}},
		{"DropNewest", websocket.DropNewest, 10,
			[]string{"12345", "6789", "ab", "c"}, []error{nil, nil, websocket.ErrOverflow, nil}, []string{"12345", "6789", "c"}},
		{"one large message", websocket.DropNewest, 10,
			[]string{"larger than the queue", "x"}, []error{nil, websocket.ErrOverflow}, []string{"larger than the queue"}},
		{"no limit", websocket.DropNewest, -1,
			[]string{"12345", "67890", "abcde"}, []error{nil, nil, nil}, []string{"12345", "67890", "abcde"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(tc *testClient) {
				tc.MaxPending, tc.Overflow = tt.limit, tt.policy
				tc.refusals = []error{refusal(503, "Retry-After", "60")}
			}, func(tc *testClient) {
				for i, m := range tt.writes {
					ctx, cancel := context.WithTimeout(background, time.Second)
					p := []byte(m)
					tc.want("Write "+m, tc.Write(ctx, websocket.OpText, p), tt.errs[i])
					clear(p) // it was copied
					cancel()
				}
				server := tc.server()
				tc.write("end")
				tc.wantMessages("the queue is sent in order", server, append(tt.want, "end")...)
			})
		})
	}
}

// TestDefaultOverflow checks that the default bounds the queue, and waits.
func TestDefaultOverflow(t *testing.T) {
	inBubble(t, func(tc *testClient) { tc.refusals = []error{refusal(503, "Retry-After", "60")} }, func(tc *testClient) {
		kib := strings.Repeat("x", 1<<10)
		for range 1 << 10 {
			tc.write(kib)
		}
		start := time.Now()
		tc.write("one more") // waits for the connection
		if d := time.Since(start); d < 50*time.Second {
			t.Errorf("a Write to a full queue took %v", d)
		}
		server := tc.server()
		for range 1 << 10 {
			tc.wantMessages("the queue", server, kib)
		}
		tc.wantMessages("and then what waited", server, "one more")
	})
}

// TestWritesAfterTheEndAreQueued cuts a connection of which the client has not heard
// yet: what is written from then on is sent on the next one.
func TestWritesAfterTheEndAreQueued(t *testing.T) {
	var heard chan struct{}
	inBubble(t, func(tc *testClient) {
		heard = make(chan struct{})
		first := true
		serve := tc.Serve
		tc.Serve = func(ctx context.Context, c *websocket.Conn) error {
			if first {
				first = false
				<-heard
				return errRefused
			}
			return serve(ctx, c)
		}
	}, func(tc *testClient) {
		tc.server().CloseNow()
		time.Sleep(2 * time.Second)
		tc.write("one")
		tc.write("two")
		close(heard)
		tc.wantMessages("nothing is lost", tc.server(), "one", "two")
	})
}

// TestWriteRefuses is the table of what Write does not begin.
func TestWriteRefuses(t *testing.T) {
	inBubble(t, nil, func(tc *testClient) {
		server := tc.server()
		ctx, cancel := context.WithCancel(background)
		cancel()
		tc.want("a context that has ended", tc.Write(ctx, websocket.OpText, []byte("late")), context.Canceled)
		tc.want("no type of a message", tc.Write(background, 9, nil), websocket.ErrMessageType)
		tc.write("good")
		tc.wantMessages("only the good message is sent", server, "good")
	})
}

// TestMessagesSurviveCuts has many goroutines write while connections are cut again and
// again. Of each writer, every server must receive messages in order, and no message may
// come twice; all that is written after the last cut must come.
func TestMessagesSurviveCuts(t *testing.T) {
	const writers, messages = 8, 200
	inBubble(t, func(tc *testClient) { tc.MaxDelay = 20 * time.Millisecond }, func(tc *testClient) {
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for i := range messages {
					// An error says that a cut has come in the middle of it.
					tc.Write(background, websocket.OpText, fmt.Appendf(nil, "%d %d", w, i))
					time.Sleep(time.Duration(w+1) * time.Millisecond)
				}
			})
		}
		last := [writers]int{}
		for i := range last {
			last[i] = -1
		}
		receive := func(server *websocket.Conn, until int) (n int) {
			for n = 0; n < until; n++ {
				_, p, err := server.Read(background)
				if err != nil {
					t.Errorf("server: %v", err)
					return n
				}
				var w, i int
				fmt.Sscan(string(p), &w, &i)
				if i <= last[w] {
					t.Errorf("message %d of writer %d comes after its message %d", i, w, last[w])
				}
				last[w] = i
			}
			return n
		}
		total := 0
		for range 20 {
			server := <-tc.servers
			total += receive(server, 17)
			server.CloseNow()
		}
		server := tc.server()
		writing.Wait()
		synctest.Wait()
		for w := range writers {
			if err := tc.Write(background, websocket.OpText, fmt.Appendf(nil, "%d %d", w, messages)); err != nil {
				t.Fatal(err)
			}
		}
		done := func() bool {
			for _, i := range last {
				if i < messages {
					return false
				}
			}
			return true
		}
		for !done() {
			total += receive(server, 1)
		}
		t.Logf("%d of %d messages came", total, writers*(messages+1))
	})
}
