package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// prepared makes messages of the given sizes, each of another letter.
func prepared(t *testing.T, sizes ...int) (ms []*websocket.Prepared) {
	t.Helper()
	for i, size := range sizes {
		m, err := websocket.Prepare(websocket.OpText, bytes.Repeat([]byte{byte('a' + i%26)}, size))
		if err != nil {
			t.Fatal(err)
		}
		if m.Size() != size {
			t.Fatalf("Size() = %d, want %d", m.Size(), size)
		}
		ms = append(ms, m)
	}
	return ms
}

func wantOffered(t *testing.T, c *websocket.Conn, ms []*websocket.Prepared, want int, wantErr error) {
	t.Helper()
	if n, err := c.TryWritePrepared(ms...); n != want || err != wantErr {
		t.Fatalf("TryWritePrepared() of %d messages = %d, %v; want %d, %v", len(ms), n, err, want, wantErr)
	}
}

func TestTryWritePrepared(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		wantOffered(tc.t, tc.Conn, nil, 0, nil)
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 3), 1, nil)
		tc.wantFrame("a message is one frame", wstest.Text("aaa"))
		tc.want("what is queued", tc.Queue(background, websocket.OpText, []byte("queued")), nil)
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 3, 0, 200), 3, nil)
		tc.wantFrame("goes first", wstest.Text("queued"))
		tc.wantFrame("several come in their order", wstest.Text("aaa"))
		tc.wantFrame("an empty one too", wstest.Text(""))
		tc.wantFrame("and a longer one", wstest.Text(strings.Repeat("c", 200)))

		w, err := tc.Writer(background, websocket.OpText)
		tc.want("a stream begins", err, nil)
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 1, 1), 0, nil)
		tc.want("and ends", w.Close(), nil)
		tc.wantFrame("nothing comes between", wstest.Text(""))
		tc.wantIdle("nothing is behind")

		tc.fill()
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 1), 0, nil)
		tc.CloseNow()
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 1), 0, websocket.ErrClosed)
	})
}

// TestTryWritePreparedAfterClose has a Close frame be the last one.
func TestTryWritePreparedAfterClose(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		closing := begin(func() error { return tc.Close(1000, "") })
		tc.wantFrame("a Close frame is sent", wstest.Close(1000, ""))
		wantOffered(tc.t, tc.Conn, prepared(tc.t, 1, 1), 0, websocket.ErrClosed)
		tc.send(wstest.Close(1000, ""))
		tc.peer.Close()
		tc.want("the handshake is done", closing.wait(), nil)
	})
}

// TestTryWritePreparedOnASocket offers messages to a peer that does not read, until
// no more are taken, with every policy; then it reads.
func TestTryWritePreparedOnASocket(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		for _, policy := range []websocket.Overflow{websocket.Block, websocket.DropOldest, websocket.DropNewest, websocket.Disconnect} {
			for name, sizes := range map[string][]int{
				"one":               {700},
				"several":           {10, 700, 0, 5000, 16 << 10, 1, 90 << 10, 2},
				"more than at once": {40 << 10, 40 << 10, 15 << 10, 3, 40 << 10, 3},
			} {
				t.Run(fmt.Sprint(role, " policy ", policy, " ", name), func(t *testing.T) {
					ours, peer := tcpPair(t)
					ours.SetWriteBuffer(4 << 10)
					c := testkit.NewConn(ours, role, websocket.Handshake{}, &websocket.Options{Overflow: policy, MaxPending: 10_000})
					defer c.CloseNow()
					ms := prepared(t, sizes...)
					taken := 0
					for n := len(ms); n == len(ms); taken += n {
						var err error
						if n, err = c.TryWritePrepared(ms...); err != nil {
							t.Fatalf("TryWritePrepared() after %d messages = %v", taken, err)
						}
					}
					wantOffered(t, c, ms, 0, nil)
					if got := c.Pending(); got > 0 {
						t.Errorf("Pending() = %d, want 0: what is not taken is not kept", got)
					}
					for i := range taken {
						f, _, err := wstest.ReadFrame(peer)
						size, letter := sizes[i%len(ms)], byte('a'+i%len(ms)%26)
						if err != nil || f.Opcode != websocket.OpText || !bytes.Equal(f.Payload, bytes.Repeat([]byte{letter}, size)) {
							t.Fatalf("frame %d of %d is %v, %v; want %d bytes %q", i, taken, f, err, size, letter)
						}
					}
					if err := c.Flush(background); err != nil {
						t.Fatalf("Flush() = %v", err)
					}
					wantOffered(t, c, ms[:1], 1, nil)
				})
			}
		}
	}
}

// TestTryWritePreparedBesideOthers has goroutines write by every way at once: each
// message is whole, and those of one goroutine are in order.
func TestTryWritePreparedBesideOthers(t *testing.T) {
	const each = 2000
	ours, peer := tcpPair(t)
	c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
	defer c.CloseNow()
	messages := func(who byte) func(i int) []byte {
		return func(i int) []byte { return fmt.Appendf(nil, "%c %06d %s", who, i, strings.Repeat("x", i*37%3000)) }
	}
	run := func(who byte, write func(p []byte) error) {
		of := messages(who)
		for i := range each {
			if err := write(of(i)); err != nil {
				t.Errorf("writer %c, message %d: %v", who, i, err)
				return
			}
		}
	}
	ctx := context.Background()
	go run('w', func(p []byte) error { return c.Write(ctx, websocket.OpText, p) })
	go run('q', func(p []byte) error { return c.Queue(ctx, websocket.OpText, p) })
	go run('t', func(p []byte) error {
		m, err := websocket.Prepare(websocket.OpText, p)
		for n := 0; n == 0 && err == nil; {
			if n, err = c.TryWritePrepared(m); n == 0 && err == nil {
				err = c.Flush(ctx)
			}
		}
		return err
	})
	next := map[byte]int{'w': 0, 'q': 0, 't': 0}
	for range len(next)*each - 1 { // the last one may be queued
		f, _, err := wstest.ReadFrame(peer)
		if err != nil || len(f.Payload) < 8 {
			t.Fatalf("ReadFrame() = %v, %v", f, err)
		}
		who := f.Payload[0]
		if want := messages(who)(next[who]); !bytes.Equal(f.Payload, want) {
			t.Fatalf("a message of writer %c begins with %.10q, want %.10q", who, f.Payload, want)
		}
		if next[who]++; next['w']+next['t'] == 2*each {
			go c.Flush(ctx)
		}
	}
}

// TestTryWritePreparedAllocatesNothing offers one and several.
func TestTryWritePreparedAllocatesNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	ours, peer := tcpPair(t)
	c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
	defer c.CloseNow()
	go c.Serve(forms["events"])
	for name, ms := range map[string][]*websocket.Prepared{
		"one":     prepared(t, 512),
		"several": prepared(t, 512, 10, 512),
		"large":   prepared(t, 20<<10),
	} {
		var b [64 << 10]byte
		want := 0
		for _, m := range ms {
			want += m.Size() + 4
		}
		offer := func() {
			for rest := ms; len(rest) > 0; { // without a descriptor a try may run out of time
				n, err := c.TryWritePrepared(rest...)
				if err != nil {
					t.Fatalf("TryWritePrepared() = %d, %v", n, err)
				}
				if rest = rest[n:]; len(rest) > 0 {
					c.Flush(background)
				}
			}
			for got := 0; got < want-2*len(ms); {
				n, err := peer.Read(b[:])
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
		}
		for range 100 {
			offer()
		}
		if got := allocations(500, 0, offer); got != 0 {
			t.Errorf("TryWritePrepared() of %s allocates %v times, want 0", name, got)
		}
	}
}
