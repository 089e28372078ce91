package stress_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// TestIdleConnectionHoldsNoMessage looks that a message is not kept for longer
// than until the next read, whatever its size.
func TestIdleConnectionHoldsNoMessage(t *testing.T) {
	const conns, size = 64, 1 << 20
	addr := testkit.Serve(t, &websocket.Server{Handler: websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {})})
	message := wstest.Binary(make([]byte, size)).AppendMasked(nil, wstest.RFCKey)
	before := testkit.HeapInUse()
	for range conns {
		nc := testkit.Upgraded(t, addr)
		if _, err := nc.Write(append(message, wstest.Ping("").AppendMasked(nil, wstest.RFCKey)...)); err != nil {
			t.Fatal(err)
		}
		nc.SetReadDeadline(time.Now().Add(testkit.Patience))
		if f, _, err := wstest.ReadFrame(nc); err != nil || f.Opcode != codec.OpPong {
			t.Fatalf("the Ping behind the message: %v, %v", f, err)
		}
	}
	const limit = conns * (64 << 10)
	if got := testkit.HeapInUse() - before; int64(got) > limit {
		t.Errorf("%d idle connections hold %d bytes after a message of %d each, want at most %d", conns, got, size, limit)
	}
}

// TestPromise20PeersCostTheirMessage: whatever peers do, their connections hold their
// messages, as far as they have come and never more than the limit, and beside it no
// more than 64 KiB.
func TestPromise20PeersCostTheirMessage(t *testing.T) {
	if testkit.RaceEnabled {
		return // the heap is another one
	}
	const conns, limit = 16, 1 << 20
	almost := make([]byte, limit-1)
	bomb := wstest.CompressedFrames(codec.OpBinary, wstest.Bomb(limit), 100)
	for _, tt := range []struct {
		name   string
		wire   []byte
		agreed string
		holds  int // bytes of the message
	}{
		{"nothing", nil, "", 0},
		{"a header that claims all", testkit.Masked(wstest.Frame{Fin: true, Opcode: codec.OpBinary, Lie: limit}), "", 0},
		{"all but a byte of the largest message", testkit.Masked(wstest.Binary(almost))[:limit], "", limit},
		{"all but the last fragment", testkit.Masked(wstest.Binary(almost).More()), "", limit},
		{"many fragments", bytes.Repeat(testkit.Masked(wstest.Continuation("x").More()), 100_000), "", 256 << 10},
		{"all but the end of a bomb", testkit.Masked(bomb[:len(bomb)-1]...), "permessage-deflate", limit},
		{"empty blocks", testkit.Masked(wstest.CompressedFrames(codec.OpBinary, wstest.EmptyBlocks(100_000), 1000)[:500]...), "permessage-deflate", 0},
		{"Pings", bytes.Repeat(testkit.Masked(wstest.Ping("0123456789")), 10_000), "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "many fragments" {
				tt.wire = append(testkit.Masked(wstest.Binary(nil).More()), tt.wire...)
			}
			opts := &websocket.Options{
				MaxMessage: limit, MaxControlFrames: -1, WriteTimeout: time.Minute,
				Compression: &websocket.Compression{},
			}
			before := testkit.HeapInUse()
			for range conns {
				ours, peer := testkit.TCPPair(t)
				c := testkit.NewConn(ours, websocket.RoleServer, websocket.Handshake{Extensions: tt.agreed}, opts)
				t.Cleanup(func() { c.CloseNow() })
				go c.Serve(testkit.Echo["events"])
				sent := make(chan error, 1)
				go func() {
					_, err := peer.Write(tt.wire)
					sent <- err
				}()
				select {
				case err := <-sent:
					if err != nil {
						t.Fatal(err)
					}
				case <-time.After(time.Second): // it answers, and takes no more before it is read
				}
			}
			most := tt.holds + 64<<10
			got := 0
			for start := time.Now(); time.Since(start) < testkit.Patience; time.Sleep(50 * time.Millisecond) {
				if got = (testkit.HeapInUse() - before) / conns; got <= most { // what was on its way has come
					return
				}
			}
			t.Errorf("a connection holds %d bytes, want at most %d", got, most)
		})
	}
}

// TestPromise13IdleConnectionsHoldNoCompressor has 200 connections exchange a
// compressed message and then nothing: each costs its windows and little more. A
// compressor of its own would be hundreds of KiB, a decompressor 15.
func TestPromise13IdleConnectionsHoldNoCompressor(t *testing.T) {
	if testkit.RaceEnabled || pool.Poisoned {
		return
	}
	const n, size = 200, 20_000
	p := testkit.Chatter(size)
	for _, tt := range []struct {
		name string
		z    websocket.Compression
		most int // bytes for both ends
	}{
		{"without takeover", websocket.Compression{}, 16 << 10},
		{"takeover", websocket.Compression{Takeover: true}, 16<<10 + 4*32<<10},
		{"takeover with small windows", websocket.Compression{Takeover: true, WindowBits: 9}, 18 << 10},
	} {
		opts := websocket.Options{Compression: &tt.z}
		addr := testkit.Serve(t, &websocket.Server{Handler: testkit.Echo["events"], Options: opts})
		var conns []*websocket.Conn
		open := func() {
			c, err := websocket.Dial(background, "ws://"+addr, &websocket.DialOptions{Options: opts})
			if err != nil {
				t.Fatal(err)
			}
			conns = append(conns, c)
			c.Write(background, websocket.OpText, p)
			if _, got, err := c.ReadAppend(background, nil); err != nil || len(got) != size {
				t.Fatalf("Read() = %d bytes, %v", len(got), err)
			}
		}
		for range 20 { // compressors and buffers are made
			open()
		}
		before := settledHeap()
		for range n {
			open()
		}
		got := 0
		for start := time.Now(); time.Since(start) < testkit.Patience; time.Sleep(50 * time.Millisecond) {
			if got = (testkit.HeapInUse() - before) / n; got <= tt.most { // the library reads now, and has released its buffers
				break
			}
		}
		if got > tt.most {
			t.Errorf("%s: an idle connection holds %d bytes at both ends, want at most %d", tt.name, got, tt.most)
		} else {
			t.Logf("%s: %d bytes at both ends", tt.name, got)
		}
		for _, c := range conns {
			c.CloseNow()
		}
	}
}

// settledHeap returns the size of the heap once it no longer shrinks: the library has
// begun to read on the connections that wait, and has released their buffers.
func settledHeap() int {
	time.Sleep(1300 * time.Millisecond)
	for last := testkit.HeapInUse(); ; {
		time.Sleep(100 * time.Millisecond)
		now := testkit.HeapInUse()
		if now >= last {
			return now
		}
		last = now
	}
}
