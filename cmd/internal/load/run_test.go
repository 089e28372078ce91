package load

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// Each message of a run goes out once and comes back once, whatever it is like.
func TestRunCounts(t *testing.T) {
	const deep = 5000
	for _, w := range ways {
		for _, tt := range []struct {
			name string
			set  func(c *Command)
			want int64
		}{
			{"one connection", func(c *Command) { c.Connections, c.Messages = 1, 500 }, 500},
			{"fewer messages than connections", func(c *Command) { c.Connections, c.Messages = 16, 5 }, 5},
			{"deep", func(c *Command) { c.Pipeline, c.Messages = 32, deep }, deep},
			{"mixed sizes, binary", func(c *Command) { c.Size, c.Binary, c.Pipeline = sizes{0, 5000}, true, 8 }, 1000},
			{"empty", func(c *Command) { c.Size = sizes{} }, 1000},
			{"larger than the sockets' buffers", func(c *Command) {
				c.Size, c.Binary, c.Connections, c.Pipeline, c.Messages = sizes{512 << 10, 512 << 10}, true, 1, 8, 24
			}, 24},
			{"at a rate", func(c *Command) { c.Rate, c.Messages = 4000, 800 }, 800},
			{"at a rate for a time", func(c *Command) { c.Rate, c.Messages, c.Duration = 1000, 0, 500*time.Millisecond }, 500},
			{"two threads", func(c *Command) { c.Threads = 2 }, 1000},
		} {
			if w.compress && tt.want != deep {
				continue // it goes the way of TLS
			}
			t.Run(w.name+"/"+tt.name, func(t *testing.T) {
				var got, bytes atomic.Int64
				url := serve(t, w, websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
					got.Add(1)
					bytes.Add(int64(len(p)))
					echo(c, op, p)
				}))
				r := bench(t, t.Context(), w, url, tt.set)
				if r.Sent != tt.want || r.Received != tt.want || got.Load() != tt.want || r.Behind != 0 {
					t.Errorf("%d sent, %d at the server, %d back, %d never sent, want %d", r.Sent, got.Load(), r.Received, r.Behind, tt.want)
				}
				if r.SentBytes != bytes.Load() || r.ReceivedBytes != bytes.Load() {
					t.Errorf("%d bytes sent, %d at the server, %d back", r.SentBytes, bytes.Load(), r.ReceivedBytes)
				}
				if err := r.verdict(); err != nil || len(r.Errors) > 0 {
					t.Errorf("verdict() = %v, errors %v", err, r.Errors)
				}
				inTimeline := int64(0)
				for _, p := range r.Timeline {
					inTimeline += p.Messages
				}
				if inTimeline != r.Received {
					t.Errorf("%d messages in the timeline, want %d", inTimeline, r.Received)
				}
			})
		}
	}
}

// swapping echoes message n−1 behind message n, for each n that is a multiple of
// every.
func swapping(every int) websocket.Handler {
	return websocket.Blocking(func(c *websocket.Conn) {
		var held []byte
		for n := 1; ; n++ {
			op, p, err := c.ReadAppend(context.Background(), nil)
			if err != nil {
				return
			}
			if n%every == every-1 {
				held = p
				continue
			}
			c.Write(context.Background(), op, p)
			if held != nil {
				c.Write(context.Background(), op, held)
				held = nil
			}
		}
	})
}

// faulty echoes what change makes of each message; n counts them from 1 on.
func faulty(change func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte)) websocket.Handler {
	return websocket.Blocking(func(c *websocket.Conn) {
		for n := 1; ; n++ {
			op, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			op, out := change(n, op, p)
			for _, p := range out {
				c.Write(context.Background(), op, p)
			}
		}
	})
}

// A server that does something wrong with every fiftieth message is found out, and
// the rest of its echoes count.
func TestRunFindsFaults(t *testing.T) {
	const every, messages = 50, 1000
	for _, tt := range []struct {
		name    string
		handler websocket.Handler
		kind    fault
	}{
		{"wrong content", faulty(func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte) {
			if n%every == 0 {
				p[len(p)/2] ^= 1
			}
			return op, [][]byte{p}
		}), wrongContent},
		{"wrong type", faulty(func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte) {
			if n%every == 0 {
				op = websocket.OpBinary
			}
			return op, [][]byte{p}
		}), wrongType},
		{"lost", faulty(func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte) {
			if n%every == 25 {
				return op, nil
			}
			return op, [][]byte{p}
		}), lost},
		{"repeated", faulty(func(n int, op websocket.Opcode, p []byte) (websocket.Opcode, [][]byte) {
			if n%every == 0 {
				return op, [][]byte{p, p}
			}
			return op, [][]byte{p}
		}), repeated},
		{"out of order", swapping(every), outOfOrder},
	} {
		for _, w := range ways[:2] {
			t.Run(tt.name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				r := bench(t, t.Context(), w, serve(t, w, tt.handler), func(c *Command) {
					c.Connections, c.Messages, c.Pipeline = 1, messages, 8
					if tt.kind == lost { // the last of them is waited for
						c.Timeout = 5 * time.Second
					}
				})
				const faults = messages / every
				want := int64(messages - faults)
				if tt.kind == repeated || tt.kind == outOfOrder {
					want = messages // they came back as well
				}
				if r.times(tt.kind) != faults || len(r.Errors) != 1 || r.Received != want {
					t.Errorf("errors %v, %d messages, want %d × %v, %d messages", r.Errors, r.Received, faults, tt.kind, want)
				}
				if r.verdict() == nil {
					t.Errorf("verdict() = nil")
				}
			})
		}
	}
}

// A connection that ends, or on which nothing comes, is counted with what it lost.
func TestRunFindsFailures(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler websocket.MessageFunc
		timeout time.Duration
		kind    fault
	}{
		{"closed", func(c *websocket.Conn, _ websocket.Opcode, _ []byte) {
			c.Close(websocket.StatusTryAgainLater, "too much")
		}, 10 * time.Second, closed},
		{"cut", func(c *websocket.Conn, _ websocket.Opcode, _ []byte) { c.CloseNow() }, 10 * time.Second, broken},
		{"silent", func(*websocket.Conn, websocket.Opcode, []byte) {}, 300 * time.Millisecond, broken},
	} {
		for _, w := range ways[:2] {
			t.Run(tt.name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				r := bench(t, t.Context(), w, serve(t, w, tt.handler), func(c *Command) {
					c.Connections, c.Pipeline, c.Timeout, c.Duration, c.Messages = 3, 2, tt.timeout, time.Minute, 0
				})
				if r.times(tt.kind) != 3 || r.times(lost) != 6 || r.Received != 0 {
					t.Errorf("errors %v, %d messages, want 3 × %v, 6 × %v, no messages", r.Errors, r.Received, tt.kind, lost)
				}
				if r.Seconds > 30 {
					t.Errorf("it took %.1f s, want an end when there is no connection any more", r.Seconds)
				}
			})
		}
	}
}

// What a server sends in one segment with its response is checked, too.
func TestRunChecksEarlyFrames(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				in := bufio.NewReader(nc)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				hello, err := codec.AppendResponse(nil, []byte(r.Header.Get("Sec-WebSocket-Key")), "", "")
				if err != nil {
					return
				}
				nc.Write(append(hello, frame(codec.OpText, true, []byte("welcome"))...))
				early, _ := in.Peek(in.Buffered())
				testkit.NewConn(nc, websocket.RoleServer, websocket.Handshake{Early: early}, nil).Serve(echo)
			}()
		}
	}()
	r := bench(t, t.Context(), ways[0], "ws://"+ln.Addr().String(), func(c *Command) {})
	if r.times(unasked) != 4 || r.Received != 1000 {
		t.Errorf("errors %v, %d messages, want 4 × %v, 1000 messages", r.Errors, r.Received, unasked)
	}
}

// stalling echoes, and stands still for stall once, at message number at of all
// connections.
func stalling(at int64, stall time.Duration) websocket.Handler {
	var mu sync.Mutex
	var n int64
	return websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		mu.Lock()
		if n++; n == at {
			time.Sleep(stall)
		}
		mu.Unlock()
		echo(c, op, p)
	})
}

// A server that stalls for 0.4 s of 1 s delays 40 % of the messages of an open load,
// by 0.2 s on average. The latency of a closed load hides that: it had few messages in flight.
func TestRunCoordinatedOmission(t *testing.T) {
	const stall = 400 * time.Millisecond
	for _, w := range ways[:2] {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			for _, depth := range []int{0, 1} { // many in flight, and one that the rest waits for
				r := bench(t, t.Context(), w, serve(t, w, stalling(300, stall)), func(c *Command) {
					c.Rate, c.Duration, c.Messages, c.Pipeline = 1000, time.Second, 0, depth
				})
				if r.Sent != 1000 || r.Received != 1000 {
					t.Errorf("open, --pipeline %d: %d sent, %d back, want 1000", depth, r.Sent, r.Received)
				}
				if p75, p95 := r.percentile(75), r.percentile(95); p75 < stall/8 || p95 < stall/2 || r.Latency.Max < float64(stall.Microseconds()-5000) {
					t.Errorf("open, --pipeline %d: p75 %v, p95 %v, max %s, want at least %v, %v, %v", depth, p75, p95, duration(r.Latency.Max), stall/8, stall/2, stall)
				}
			}
			r := bench(t, t.Context(), w, serve(t, w, stalling(300, stall)), func(c *Command) { c.Messages = 3000 })
			if p99 := r.percentile(99); p99 >= stall/2 || r.Latency.Max < float64(stall.Microseconds()-5000) {
				t.Errorf("closed: p99 %v, max %s, want less than %v, and %v: only 4 messages met the stall", p99, duration(r.Latency.Max), stall/2, stall)
			}
		})
	}
}

// A server that cannot keep up is told from one that does.
func TestRunFallsBehind(t *testing.T) {
	slow := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		time.Sleep(5 * time.Millisecond)
		echo(c, op, p)
	})
	r := bench(t, t.Context(), ways[0], serve(t, ways[0], slow), func(c *Command) {
		c.Connections, c.Rate, c.Duration, c.Messages, c.Pipeline, c.Timeout = 2, 10_000, 300*time.Millisecond, 0, 1, 200*time.Millisecond
	})
	if r.Behind == 0 || r.Sent+r.Behind != 3000 || len(r.Remarks()) == 0 {
		t.Errorf("%d sent, %d due and never sent, remarks %q, want 3000 together, and a remark", r.Sent, r.Behind, r.Remarks())
	}
}

// When the user has enough, what was measured until then counts, and the process
// ends with 130.
func TestRunInterrupted(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var n atomic.Int64
			url := serve(t, w, websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
				if n.Add(1) == 500 {
					cancel()
				}
				echo(c, op, p)
			}))
			r := bench(t, ctx, w, url, func(c *Command) { c.Messages, c.Duration = 0, time.Hour })
			exit, ok := r.verdict().(interface{ ExitCode() int })
			if !r.Interrupted || r.Received < 500 || r.Received != r.Sent || !ok || exit.ExitCode() != 130 {
				t.Errorf("interrupted: %v, %d sent, %d back, verdict() = %v, want at least 500, all back, and exit code 130", r.Interrupted, r.Sent, r.Received, r.verdict())
			}
		})
	}
}

// Connections that cannot be opened are counted; if none can, that is the error.
func TestRunRefused(t *testing.T) {
	srv := &websocket.Server{Handler: echo, MaxConns: 2}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(ln)
	r := bench(t, t.Context(), ways[0], "ws://"+ln.Addr().String(), func(c *Command) { c.Connections = 5 })
	if r.times(refused) != 3 || r.Load.Open != 2 || r.Received != 1000 || r.verdict() == nil {
		t.Errorf("errors %v, %d connections, %d messages, verdict() = %v, want 3 × %v, 2, 1000, and an error", r.Errors, r.Load.Open, r.Received, r.verdict(), refused)
	}
	srv.Close()
	p, err := (&Command{URL: "ws://" + ln.Addr().String(), Connections: 3, Size: sizes{1, 1}}).plan()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := p.carryOut(t.Context(), func(*timeline, time.Duration) {}); err == nil {
		t.Errorf("carryOut without a server = %v, nil, want an error", r)
	}
}
