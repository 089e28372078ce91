package stress_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// pour sends piece again and again until nc fails.
func pour(nc net.Conn, piece []byte) {
	for {
		if _, err := nc.Write(piece); err != nil {
			return
		}
	}
}

// lastFrame reads frames from nc until its end, and returns the last one, and the
// number of all.
func lastFrame(nc net.Conn) (last wstest.Frame, n int, err error) {
	nc.SetReadDeadline(time.Now().Add(recovery))
	for ; ; n++ {
		f, _, err := wstest.ReadFrame(nc)
		if err != nil {
			return last, n, err
		}
		last = f
	}
}

// TestAttackFloods has peers send frames without end that cost them little. Each
// flood exceeds a limit before it costs the server much, which is then told.
func TestAttackFloods(t *testing.T) {
	const each = 512 << 10 // bytes: what may be allocated for a peer, both ends together
	many := func(frames ...wstest.Frame) []byte { return testkit.Masked(slices.Repeat(frames, 1000)...) }
	compression := &websocket.Compression{Takeover: true}
	bomb := wstest.CompressedFrames(codec.OpBinary, wstest.Bomb(1<<30), 16<<10)
	blocks := wstest.CompressedFrames(codec.OpBinary, wstest.EmptyBlocks(3000), 1000)
	for _, tt := range []struct {
		name         string
		opts         websocket.Options
		begin, again []byte
		code         websocket.StatusCode
		reason       string
	}{
		{"Pings", websocket.Options{}, nil, many(wstest.Ping("x")), 1008, "too many control frames"},
		{"large Pings", websocket.Options{}, nil, many(wstest.Ping(strings.Repeat("x", 125))), 1008, "too many control frames"},
		{"Pongs", websocket.Options{}, nil, many(wstest.Pong("12345678")), 1008, "too many control frames"},
		{"Pings in a message", websocket.Options{}, testkit.Masked(wstest.Text("x").More()), many(wstest.Continuation("").More(), wstest.Ping("")), 1008, "too many control frames"},
		{"empty fragments", websocket.Options{MessageTimeout: 300 * time.Millisecond}, testkit.Masked(wstest.Text("").More()), many(wstest.Continuation("").More()), 1008, "message took too long"},
		{"fragments of a byte", websocket.Options{MaxMessage: 64 << 10}, testkit.Masked(wstest.Text("").More()), many(wstest.Continuation("x").More()), 1009, codec.ErrMessageTooBig.Rule()},
		{"bombs", websocket.Options{MaxMessage: 64 << 10, Compression: compression}, nil, testkit.Masked(bomb...), 1009, codec.ErrMessageTooBig.Rule()},
		{"empty blocks", websocket.Options{MaxMessage: 64 << 10, Compression: compression}, testkit.Masked(blocks[0]), testkit.Masked(blocks[1 : len(blocks)-1]...), 1009, codec.ErrMessageTooBig.Rule()},
		{"empty compressed fragments", websocket.Options{MessageTimeout: 300 * time.Millisecond, Compression: compression}, testkit.Masked(blocks[0]), many(wstest.Continuation("").More()), 1008, "message took too long"},
		{"messages behind the Close frame", websocket.Options{}, testkit.Masked(wstest.Close(1000, "")), many(wstest.Text("not heard"), wstest.Ping("nor this")), 1000, ""},
		{"Close frames", websocket.Options{}, nil, many(wstest.Close(1000, "")), 1000, ""},
		{"frames that break a rule", websocket.Options{}, nil, many(wstest.Reserved(3, "")), 1002, codec.ErrReservedOpcode.Rule()},
	} {
		for form, h := range testkit.Echo {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				attacked(t, &websocket.Server{Handler: h, Options: tt.opts}, func(a *attack) {
					n := scaled(16)
					got := testkit.Allocated(func() {
						inParallel(n, func(i int) {
							a.floodAndWant(i, tt.begin, tt.again, tt.opts.Compression != nil, wstest.Close(tt.code, tt.reason))
						})
					})
					if got > uint64(n)*each {
						a.Errorf("%d floods allocated %d bytes, want at most %d", n, got, n*each)
					}
				})
			})
		}
	}
}

// floodAndWant sends begin, and then again and again again, until it gets want, which has to
// be the only Close frame and the last frame.
func (a *attack) floodAndWant(i int, begin, again []byte, compressed bool, want wstest.Frame) {
	extensions := ""
	if compressed {
		extensions = "permessage-deflate"
	}
	nc, err := a.enter(i, extensions, begin)
	if err != nil {
		return
	}
	poured := make(chan struct{})
	go func() {
		defer close(poured)
		pour(nc, again)
	}()
	defer func() { <-poured }()
	defer nc.Close()
	nc.SetReadDeadline(time.Now().Add(recovery))
	for {
		f, _, err := wstest.ReadFrame(nc)
		if err != nil {
			a.Errorf("before the Close frame: %v", err)
			return
		}
		if f.Opcode != codec.OpPong {
			if f.String() != want.String() {
				a.Errorf("got %v, want %v", f, want)
			}
			break
		}
	}
	if n, err := nc.Read(make([]byte, 1)); n > 0 || isTimeout(err) {
		a.Errorf("behind the Close frame: %d bytes, %v; want the end of the connection", n, err)
	}
}

// TestAttackPingsThatNobodyReads has peers ping without end, and read none of the Pongs:
// 16 KiB of them wait, and the others are dropped.
func TestAttackPingsThatNobodyReads(t *testing.T) {
	const each = 256 << 10 // bytes of heap for a peer; the rest is in the system's buffers
	for form, h := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			opts := websocket.Options{MaxControlFrames: -1, WriteTimeout: time.Second}
			attacked(t, &websocket.Server{Handler: h, Options: opts}, func(a *attack) {
				n := scaled(16)
				pings := testkit.Masked(slices.Repeat([]wstest.Frame{wstest.Ping(strings.Repeat("x", 125))}, 1000)...)
				got := testkit.Allocated(func() {
					inParallel(n, func(i int) {
						nc, err := a.enter(i, "", nil)
						if err != nil {
							return
						}
						nc.SetWriteDeadline(time.Now().Add(recovery))
						pour(nc, pings)
						if _, _, err := lastFrame(nc); isTimeout(err) {
							a.Errorf("peer %d is not cut: %v", i, err)
						}
					})
				})
				if got > uint64(n)*2<<20 {
					a.Errorf("%d floods allocated %d bytes, want at most %d", n, got, n*2<<20)
				}
				a.wantHeapWithin(n*each+heapSlack, "with all of them cut")
			})
		})
	}
}

// TestAttackAbandonedMessages has peers begin a message of the largest size, each a
// little more of it than the one before, and stop: what a peer costs is at most four
// times what came.
func TestAttackAbandonedMessages(t *testing.T) {
	const size, most = 1 << 20, 16 << 10 // bytes that are claimed, and that come
	for form, h := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			var ended atomic.Int64
			opts := websocket.Options{MessageTimeout: time.Second, Hooks: websocket.Hooks{Closed: func(c *websocket.Conn, err error) {
				if errors.Is(err, websocket.ErrTimeout) {
					ended.Add(1)
				}
			}}}
			attacked(t, &websocket.Server{Handler: h, Options: opts}, func(a *attack) {
				n := scaled(1000)
				wire := testkit.Masked(wstest.Binary(make([]byte, size)))[:most]
				inParallel(n, func(i int) {
					if nc, err := a.enter(i, "", nil); err == nil {
						nc.Write(wire[:1+i*most/n])
					}
				})
				a.wantHeapWithin(n*4*most/2+heapSlack, "with all of them begun")
				for start := time.Now(); ended.Load() < int64(n); time.Sleep(10 * time.Millisecond) {
					if time.Since(start) > recovery {
						a.Fatalf("%d of %d messages were given up, want all", ended.Load(), n)
					}
				}
			})
		})
	}
}
