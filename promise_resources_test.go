package websocket_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise21DeadReadersDelayNobody broadcasts to peers of whom one never reads: no call
// waits for it, the others get everything, it holds no more than MaxPending and a message,
// and it is cut after WriteTimeout.
func TestPromise21DeadReadersDelayNobody(t *testing.T) {
	const peers, messages, maxPending, timeout = 5, 300, 64 << 10, 10 * time.Second // the defaults
	payload := bytes.Repeat([]byte("news "), 800)
	m, err := websocket.Prepare(websocket.OpText, payload)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		policy websocket.Overflow
		send   func(c *websocket.Conn) error
	}{
		"drop the oldest": {websocket.DropOldest, func(c *websocket.Conn) error { return c.WritePrepared(background, m) }},
		"drop the newest": {websocket.DropNewest, func(c *websocket.Conn) error { return c.Write(background, websocket.OpText, payload) }},
		"disconnect":      {websocket.Disconnect, func(c *websocket.Conn) error { return c.WritePrepared(background, m) }},
		"as a hub does": {websocket.Block, func(c *websocket.Conn) error {
			n, err := c.TryWritePrepared(m)
			if n == 0 && err == nil {
				err = websocket.ErrOverflow
			}
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var conns []*websocket.Conn
				var received [peers]atomic.Int32
				var reading sync.WaitGroup
				for i := range peers {
					ours, peer := pipe.New()
					c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{}, &websocket.Options{Overflow: tt.policy, PingInterval: -1})
					conns = append(conns, c)
					defer c.CloseNow()
					defer peer.Close()
					if i > 0 {
						reading.Go(func() {
							for {
								f, _, err := wstest.ReadFrame(peer)
								if err != nil {
									return
								}
								if !bytes.Equal(f.Payload, payload) {
									t.Errorf("peer %d gets %v", i, f)
								}
								received[i].Add(1)
							}
						})
					}
				}
				ended := begin(func() error { _, _, err := conns[0].Read(background); return err })
				start := time.Now()
				for range messages {
					for i, c := range conns {
						if err := tt.send(c); err != nil && (i > 0 || !errors.Is(err, websocket.ErrOverflow)) {
							t.Fatalf("sending to peer %d = %v", i, err)
						}
						if got := c.Pending(); got > maxPending+len(payload)+codec.MaxHeaderSize {
							t.Fatalf("%d bytes wait for peer %d", got, i)
						}
					}
					synctest.Wait() // the living read, in no time
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("somebody waited for the dead one, for %v", took)
				}
				for i := 1; i < peers; i++ {
					if got := received[i].Load(); got != messages {
						t.Errorf("peer %d got %d messages, want %d", i, got, messages)
					}
				}
				if err := ended.wait(); tt.policy == websocket.Disconnect {
					if !errors.Is(err, websocket.ErrOverflow) || time.Since(start) != 0 {
						t.Errorf("the dead one's connection ended with %v after %v, want ErrOverflow at once", err, time.Since(start))
					}
				} else if took := time.Since(start).Round(10 * time.Millisecond); !errors.Is(err, websocket.ErrTimeout) || took != timeout {
					t.Errorf("the dead one's connection ended with %v after %v, want ErrTimeout after %v", err, took, timeout)
				}
				for _, c := range conns {
					c.CloseNow()
				}
				reading.Wait()
			})
		})
	}
}

// TestPromise22PingFloodsNeverQueue has a peer that takes nothing send 20,000 Pings: the last
// Pongs wait, in 16 KiB, and the flood costs no memory.
func TestPromise22PingFloodsNeverQueue(t *testing.T) {
	flood := func(tc *testConn) {
		written, stuck := tc.fill()
		pending := tc.Pending()
		tc.beginRead(background)
		var hundred []byte
		payload := string(make([]byte, 125))
		for range 100 {
			hundred = append(hundred, tc.wire(wstest.Ping(payload))...)
		}
		send := func(n int) {
			for range n {
				tc.sendBytes(hundred)
				synctest.Wait() // it is read
			}
		}
		send(10) // buffers find their sizes
		// Their Pongs are 2.5 MB. The pipe makes a timer for each deadline.
		if got := allocated(func() { send(200) }); got > 1<<20 {
			tc.t.Errorf("20,000 Pings of 125 bytes allocated %d bytes, want at most 1 MiB", got)
		}
		tc.send(wstest.Ping("last"))
		synctest.Wait()
		if got := tc.Pending(); got != pending {
			tc.t.Errorf("%d bytes wait, %d did before the flood", got, pending)
		}
		for _, f := range written {
			tc.wantFrame("what was written before", f)
		}
		for waited := 0; ; waited += len(payload) {
			f, err := tc.frame()
			if err != nil || f.Opcode != websocket.OpPong || waited > 16<<10 {
				tc.t.Fatalf("behind %d bytes of Pongs: %v, %v; want the last Pongs", waited, f, err)
			}
			if string(f.Payload) == "last" {
				break
			}
		}
		tc.wantIdle("and no other")
		tc.want("who was stuck", stuck.wait(), nil)
	}
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) { // one after the other: allocations are those of the process
			inBubble(t, role, &websocket.Options{MaxControlFrames: -1, WriteTimeout: time.Hour, PingInterval: -1}, flood)
		})
	}
}

// TestPromise23DeadPeersAreFoundInAMinute has zero Options: 30 s until the Ping and 30 s
// for its answer, both idle and in the middle of a frame.
func TestPromise23DeadPeersAreFoundInAMinute(t *testing.T) {
	for name, last := range map[string]func(*testConn) []byte{
		"idle":                     func(tc *testConn) []byte { return tc.wire(wstest.Pong("")) },
		"in the middle of a frame": func(tc *testConn) []byte { return tc.wire(wstest.Text("xyz"))[:3] },
	} {
		t.Run(name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{MessageTimeout: time.Hour}, func(tc *testConn) {
				read := tc.beginRead(background)
				time.Sleep(20 * time.Second)
				tc.sendBytes(last(tc))
				synctest.Wait()
				start := time.Now()
				tc.want("the connection ends", read.wait(), websocket.ErrTimeout)
				if took := time.Since(start); took < time.Minute || took > time.Minute+2*time.Second {
					tc.t.Errorf("the dead peer was found after %v, want a minute, and a second for it to close TCP", took)
				}
			})
		})
	}
}

// TestPromise26IdleConnectionsDoNothing leaves connections alone for an hour: without Pings
// nothing is called on the network, and with them there are no more than eight calls for
// each: two reads, a write, and their deadlines.
func TestPromise26IdleConnectionsDoNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		interval time.Duration
		most     int32
	}{
		"without Pings":        {-1, 0},
		"with one each minute": {time.Minute, 60 * 8},
	} {
		for form, h := range forms {
			t.Run(name+", "+form, func(t *testing.T) {
				for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
					synctest.Test(t, func(t *testing.T) {
						ours, peer := pipe.New()
						nc := &busyConn{Conn: ours}
						c := testkit.NewConn(nc, role, websocket.Handshake{}, &websocket.Options{PingInterval: tt.interval})
						served := begin(func() error { return c.Serve(h) })
						go func() { // the peer answers Pings
							other := testkit.NewConn(peer, role.Peer(), websocket.Handshake{}, &websocket.Options{PingInterval: -1})
							other.Serve(forms["events"])
						}()
						time.Sleep(5 * time.Minute) // it comes to rest
						nc.calls.Store(0)
						time.Sleep(time.Hour)
						if got := nc.calls.Load(); got > tt.most {
							t.Errorf("an idle %v calls the network %d times in an hour, want at most %d", role, got, tt.most)
						}
						c.CloseNow()
						served.wait()
						peer.Close()
						time.Sleep(time.Minute)
					})
				}
			})
		}
	}
}

// busyConn counts the calls of everything.
type busyConn struct {
	*pipe.Conn
	calls atomic.Int32
}

func (c *busyConn) Read(p []byte) (int, error)  { c.calls.Add(1); return c.Conn.Read(p) }
func (c *busyConn) Write(p []byte) (int, error) { c.calls.Add(1); return c.Conn.Write(p) }
func (c *busyConn) SetReadDeadline(t time.Time) error {
	c.calls.Add(1)
	return c.Conn.SetReadDeadline(t)
}
func (c *busyConn) SetWriteDeadline(t time.Time) error {
	c.calls.Add(1)
	return c.Conn.SetWriteDeadline(t)
}
