package websocket_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// beginPing begins a Ping and returns it with its frame.
func (tc *testConn) beginPing(ctx context.Context) (*call, *time.Duration, wstest.Frame) {
	tc.t.Helper()
	var rtt time.Duration
	ping := begin(func() (err error) {
		rtt, err = tc.Ping(ctx)
		return err
	})
	f, err := tc.frame()
	if err != nil || f.Opcode != codec.OpPing {
		tc.t.Fatalf("Ping sends: got %v, %v; want a Ping", f, err)
	}
	return ping, &rtt, f
}

// pong is the answer to a Ping.
func pong(ping wstest.Frame) wstest.Frame { return wstest.Pong(string(ping.Payload)) }

func TestPingMeasuresTheRoundTrip(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		if got := tc.RTT(); got != 0 {
			tc.t.Errorf("RTT() before the first Ping = %v, want 0", got)
		}
		read := tc.beginRead(background)
		ping, rtt, frame := tc.beginPing(background)
		time.Sleep(30 * time.Millisecond)
		tc.send(wstest.Pong("unsolicited"), wstest.Pong(""), wstest.Pong("8 bytes!"))
		if ping.returned() {
			tc.t.Fatalf("a Pong that answers nothing ended the Ping: %v", ping.err)
		}
		time.Sleep(30 * time.Millisecond)
		tc.send(pong(frame))
		tc.want("Ping", ping.wait(), nil)
		if got := rtt.Round(time.Millisecond); got != 60*time.Millisecond {
			tc.t.Errorf("Ping() = %v, want 60ms", got)
		}
		if got := tc.RTT(); got != *rtt {
			tc.t.Errorf("RTT() = %v, want %v, as Ping returned", got, *rtt)
		}
		tc.send(pong(frame)) // again: means nothing
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		ping, _, frame = tc.beginPing(ctx)
		tc.want("Ping ends with its context", ping.wait(), context.DeadlineExceeded)
		tc.send(pong(frame), wstest.Text("x"))
		tc.want("and the connection is whole", read.wait(), nil)
	})
}

func TestSeveralPingsAtOnce(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		read := tc.beginRead(background)
		var pings [3]*call
		var rtts [3]*time.Duration
		var frames [3]wstest.Frame
		for i := range pings {
			pings[i], rtts[i], frames[i] = tc.beginPing(background)
			time.Sleep(10 * time.Millisecond)
		}
		tc.send(pong(frames[1]))
		if pings[0].returned() || pings[2].returned() {
			tc.t.Fatal("a Pong ended another Ping")
		}
		tc.want("the second Ping", pings[1].wait(), nil)
		tc.send(pong(frames[2]), pong(frames[0]))
		tc.want("the third Ping", pings[2].wait(), nil)
		tc.want("the first Ping", pings[0].wait(), nil)
		for i, want := range []time.Duration{30, 20, 10} {
			if got := rtts[i].Round(time.Millisecond); got != want*time.Millisecond {
				tc.t.Errorf("Ping %d = %v, want %vms", i, got, int(want))
			}
		}
		tc.send(wstest.Text("x"))
		tc.want("reading goes on", read.wait(), nil)
	})
}

// TestPromise23DeadPeersAreFound finds a dead peer within PingInterval + PongTimeout.
func TestPromise23DeadPeersAreFound(t *testing.T) {
	opts := &websocket.Options{PingInterval: 10 * time.Second, PongTimeout: 5 * time.Second}
	for _, tt := range []struct {
		name string
		last func(*testConn) []byte // the last bytes that come from the peer
	}{
		{"idle", func(tc *testConn) []byte { return tc.wire(wstest.Pong("")) }},
		{"in the middle of a header", func(tc *testConn) []byte { return tc.wire(wstest.Text("x"))[:1] }},
		{"in the middle of a frame", func(tc *testConn) []byte { return tc.wire(wstest.Text("xyz"))[:3] }},
		{"in the middle of a message", func(tc *testConn) []byte { return tc.wire(wstest.Text("xyz").More()) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, opts, func(tc *testConn) {
				read := tc.beginRead(background)
				time.Sleep(7 * time.Second)
				tc.sendBytes(tt.last(tc))
				start := time.Now()
				time.Sleep(10*time.Second - time.Millisecond)
				tc.wantIdle("no Ping before its time")
				time.Sleep(2 * time.Millisecond)
				if f, err := tc.frame(); err != nil || f.Opcode != codec.OpPing {
					tc.t.Fatalf("got %v, %v; want a Ping after PingInterval", f, err)
				}
				time.Sleep(5*time.Second - 5*time.Millisecond)
				tc.wantIdle("and nothing before PongTimeout")
				time.Sleep(5 * time.Millisecond)
				tc.wantFrame("then the peer is given up", wstest.Close(1008, "ping was not answered"))
				tc.peer.Close()
				tc.want("Read tells why", read.wait(), websocket.ErrTimeout)
				if got := time.Since(start); got > 15*time.Second+10*time.Millisecond {
					tc.t.Errorf("the dead peer was found after %v", got)
				}
			})
		})
	}
}

// TestKeepaliveGoesOnBehindAPong: PongTimeout, which is longer here, is not the time to the
// next Ping.
func TestKeepaliveGoesOnBehindAPong(t *testing.T) {
	opts := &websocket.Options{PingInterval: 2 * time.Second, PongTimeout: 30 * time.Second}
	inBothRoles(t, opts, func(tc *testConn) {
		read := tc.beginRead(background)
		for range 10 {
			time.Sleep(2*time.Second + time.Millisecond)
			f, err := tc.frame()
			if err != nil || f.Opcode != codec.OpPing {
				tc.t.Fatalf("got %v, %v; want a Ping to the idle peer", f, err)
			}
			tc.send(pong(f))
			tc.wantIdle("its Pong is enough")
		}
		if read.returned() {
			tc.t.Errorf("Read returned %v", read.err)
		}
	})
}

func TestKeepaliveLeavesTheLivingAlone(t *testing.T) {
	opts := &websocket.Options{PingInterval: 10 * time.Second, PongTimeout: 5 * time.Second}
	inBothRoles(t, opts, func(tc *testConn) {
		read := begin(func() error {
			for {
				if _, _, err := tc.Read(background); err != nil {
					return err
				}
			}
		})
		for range 10 {
			time.Sleep(9 * time.Second)
			tc.send(wstest.Text("busy"))
			tc.wantIdle("a peer from which something comes gets no Ping")
		}
		for range 10 {
			time.Sleep(10*time.Second + time.Millisecond)
			f, err := tc.frame()
			if err != nil || f.Opcode != codec.OpPing {
				tc.t.Fatalf("got %v, %v; want a Ping to the idle peer", f, err)
			}
			time.Sleep(2 * time.Second)
			tc.send(pong(f))
			tc.wantIdle("its Pong is enough")
		}
		if got := tc.RTT().Round(time.Millisecond); got != 2001*time.Millisecond {
			tc.t.Errorf("RTT() = %v, want that of the keepalive's Ping, 2.001s", got)
		}
		time.Sleep(10*time.Second + time.Millisecond)
		if f, err := tc.frame(); err != nil || f.Opcode != codec.OpPing {
			tc.t.Fatalf("got %v, %v; want a Ping", f, err)
		}
		time.Sleep(4 * time.Second)
		tc.send(wstest.Text("no Pong, but alive"))
		time.Sleep(4 * time.Second)
		tc.wantIdle("anything proves that the peer is there")
		if read.returned() {
			tc.t.Errorf("the connection ended: %v", read.err)
		}
	})
}

func TestKeepaliveCanBeOff(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opts  websocket.Options
		pings int
	}{
		{"no Pings", websocket.Options{PingInterval: -1}, 0},
		{"Pings to keep proxies awake, answered or not", websocket.Options{PingInterval: 10 * time.Minute, PongTimeout: -1}, 6},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &tt.opts, func(tc *testConn) {
				read := tc.beginRead(background)
				time.Sleep(time.Hour + time.Minute)
				for i := range tt.pings {
					if f, err := tc.frame(); err != nil || f.Opcode != codec.OpPing {
						tc.t.Fatalf("got %v, %v; want Ping %d of %d", f, err, i+1, tt.pings)
					}
				}
				tc.wantIdle("nothing else was sent")
				tc.send(wstest.Text("x"))
				tc.want("the connection is open", read.wait(), nil)
			})
		})
	}
}

func TestControlFlood(t *testing.T) {
	for _, tt := range []struct {
		name  string
		frame wstest.Frame
	}{{"Pings", wstest.Ping("x")}, {"Pongs", wstest.Pong("x")}} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{MaxControlFrames: 10, PingInterval: -1}, func(tc *testConn) {
				read := tc.beginRead(background)
				pongs := func(n int) {
					for range n {
						if tt.frame.Opcode == codec.OpPing {
							tc.wantFrame("each Ping is answered", wstest.Pong("x"))
						}
					}
				}
				for range 5 { // seconds
					for range 10 {
						tc.send(tt.frame)
					}
					pongs(10)
					time.Sleep(time.Second)
				}
				tc.wantIdle("the limit may be reached in every second")
				time.Sleep(10 * time.Second)
				for range 100 {
					tc.send(tt.frame)
				}
				pongs(100)
				tc.wantIdle("a burst of ten times as many is no flood")
				tc.send(tt.frame)
				tc.wantFrame("one more is too much", wstest.Close(1008, "too many control frames"))
				tc.endTCP()
				tc.want("Read", read.wait(), websocket.ErrControlFlood)
				if got := websocket.CloseStatus(read.err); got != 1008 {
					tc.t.Errorf("CloseStatus(%v) = %d, want 1008", read.err, got)
				}
			})
		})
	}
}

// TestAnswersAreNoFlood pings the peer more often than it may ping us.
func TestAnswersAreNoFlood(t *testing.T) {
	inBothRoles(t, &websocket.Options{MaxControlFrames: 10}, func(tc *testConn) {
		read := tc.beginRead(background)
		for range 50 {
			ping, _, frame := tc.beginPing(background)
			tc.send(pong(frame))
			tc.want("Ping", ping.wait(), nil)
		}
		tc.send(wstest.Text("x"))
		tc.want("the connection is open", read.wait(), nil)
	})
}

// TestPingPayloadsAreNumbers pins what the payload is, so that no Pong to an
// older Ping counts for a newer one.
func TestPingPayloadsAreNumbers(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		for want := range uint64(3) {
			ctx, cancel := context.WithCancel(background)
			ping, _, frame := tc.beginPing(ctx)
			if len(frame.Payload) != 8 || binary.BigEndian.Uint64(frame.Payload) != want+1 {
				tc.t.Errorf("Ping %d has the payload %x", want+1, frame.Payload)
			}
			cancel()
			tc.want("Ping", ping.wait(), context.Canceled)
		}
	})
}
