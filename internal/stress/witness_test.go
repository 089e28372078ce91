package stress_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// stall is how much longer than the echo of a bare TCP connection, at the same time
// in the same process, an honest peer's may take while the server is attacked. So a
// machine that is busy with something else is no stall.
const stall = time.Second

// witness is an honest peer.
type witness struct {
	nc    net.Conn
	clock *testkit.Clock // of the attack: a machine that does something else is no stall either
	sent  uint64
	waits []time.Duration // for each echo
	err   error
}

// watch has messages echoed, one after the other, until stop is closed.
func (w *witness) watch(stop <-chan struct{}) {
	for {
		start := w.clock.Elapsed()
		if w.err = w.echo(); w.err != nil {
			return
		}
		w.waits = append(w.waits, w.clock.Elapsed()-start)
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// echo sends a message, unlike all before, and checks that it comes back.
func (w *witness) echo() error {
	w.sent++
	want := wstest.Binary(binary.BigEndian.AppendUint64(bytes.Repeat([]byte{byte(w.sent)}, int(w.sent%300)), w.sent))
	w.nc.SetDeadline(time.Now().Add(time.Minute))
	if _, err := w.nc.Write(want.AppendMasked(nil, wstest.RFCKey)); err != nil {
		return fmt.Errorf("the witness sends message %d: %w", w.sent, err)
	}
	for {
		got, _, err := wstest.ReadFrame(w.nc)
		if err == nil && got.Opcode.IsControl() {
			continue
		}
		if err != nil || got.String() != want.String() || !bytes.Equal(got.Payload, want.Payload) {
			return fmt.Errorf("the witness gets %v, %w for message %d, want its echo", got, err, w.sent)
		}
		return nil
	}
}

// verdict says what was wrong with the echoes, "" if nothing was. bare has had the same
// echoed without a server.
func (w *witness) verdict(bare *witness) string {
	if err := errors.Join(w.err, bare.err); err != nil {
		return err.Error()
	}
	limit := stall + 5*slices.Max(bare.waits)
	if got := w.percentile99(); got > limit {
		return fmt.Sprintf("p99 of %d echoes is %v, want at most %v", len(w.waits), got, limit)
	}
	return ""
}

// percentile99 returns the wait that was exceeded for a hundredth of the time at
// most. It is of the time and not of the echoes, because while a server stalls there
// are none.
func (w *witness) percentile99() time.Duration {
	waits := slices.Sorted(slices.Values(w.waits))
	var all, over time.Duration
	for _, d := range waits {
		all += d
	}
	limit := time.Duration(math.Ceil(float64(all) / 100))
	for _, d := range slices.Backward(waits) {
		if over += d; over > limit {
			return d
		}
	}
	return 0
}

// bareEcho returns a TCP connection whose other end sends back what it gets.
func bareEcho(t testing.TB) net.Conn {
	nc, peer := testkit.TCPPair(t)
	go func() {
		defer peer.Close()
		p := make([]byte, 1<<10)
		for {
			n, err := peer.Read(p)
			if err != nil {
				return
			}
			peer.Write(p[:n])
		}
	}()
	return nc
}

// TestWitness has a server serve well, stall for a moment, and give a wrong answer.
func TestWitness(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve func(c *websocket.Conn, op websocket.Opcode, p []byte, n int)
		fails bool
	}{
		{"a good server", func(c *websocket.Conn, op websocket.Opcode, p []byte, _ int) { c.Write(background, op, p) }, false},
		{"one that is slow all the time", func(c *websocket.Conn, op websocket.Opcode, p []byte, _ int) {
			time.Sleep(stall / 2)
			c.Write(background, op, p)
		}, false},
		{"one that stalls once", func(c *websocket.Conn, op websocket.Opcode, p []byte, n int) {
			if n == 500 {
				time.Sleep(stall + time.Second)
			}
			c.Write(background, op, p)
		}, true},
		{"one that changes a byte", func(c *websocket.Conn, op websocket.Opcode, p []byte, n int) {
			if n == 500 {
				p[len(p)-1]++
			}
			c.Write(background, op, p)
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := pipe.New()
				c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, nil)
				n := 0
				var served sync.WaitGroup
				served.Go(func() {
					c.Serve(websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
						n++
						tt.serve(c, op, p, n)
					}))
				})
				w := &witness{nc: theirs, clock: testkit.StartClock(t)}
				stop := make(chan struct{})
				time.AfterFunc(10*time.Second, func() { close(stop) })
				w.watch(stop)
				if verdict := w.verdict(&witness{waits: []time.Duration{0}}); (verdict != "") != tt.fails {
					t.Errorf("verdict %q, want one that fails: %t", verdict, tt.fails)
				}
				theirs.Close()
				served.Wait()
			})
		})
	}
}
