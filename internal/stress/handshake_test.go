package stress_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/testkit"
)

// wantAnswer reads to the end of nc, and checks that what comes begins with want. A
// reset stands for the end: it is how TCP answers those who still send.
func (a *attack) wantAnswer(nc net.Conn, want, sentence string) {
	a.Helper()
	nc.SetReadDeadline(time.Now().Add(recovery))
	got, err := io.ReadAll(nc)
	if isTimeout(err) {
		a.Errorf("%s: the connection is still open after %q", sentence, got)
	}
	if !bytes.HasPrefix(got, []byte(want)) {
		a.Errorf("%s: the answer is %q, want %q", sentence, got, want)
	}
}

// TestAttackSlowHandshakes has many peers send their requests byte by byte, each as
// far as it gets: they are cut in time, whatever they dribble.
func TestAttackSlowHandshakes(t *testing.T) {
	const limit = 500 * time.Millisecond
	heads := []string{
		"", // nothing at all
		strings.ReplaceAll(testkit.GoodRequest, "\n", "\r\n"),
		"GET / HTTP/1.1\r\n" + strings.Repeat("X: y\r\n", codec.MaxHeadLines),
		"GET /" + strings.Repeat("x", codec.MaxHeadBytes),
		"GET / HTTP/1.1\r\nX:" + strings.Repeat(" ", codec.MaxHeadBytes),
	}
	attacked(t, &websocket.Server{Handler: testkit.Echo["events"], Options: websocket.Options{HandshakeTimeout: limit}}, func(a *attack) {
		n := scaled(500)
		ncs := make([]*net.TCPConn, n)
		start := time.Now()
		for i := range ncs {
			var err error
			if ncs[i], err = a.connect(i); err != nil {
				return
			}
		}
		open := n
		for sent := 0; open > 0; sent++ {
			if time.Since(start) > recovery {
				a.Fatalf("%d of %d dribble for %v, want them cut after %v", open, n, time.Since(start), limit)
			}
			for i, nc := range ncs {
				if nc == nil {
					continue
				}
				if head := heads[i%len(heads)]; sent < len(head)-1 {
					io.WriteString(nc, head[sent:sent+1])
				}
				nc.SetReadDeadline(time.Now().Add(time.Microsecond))
				if got, err := nc.Read(make([]byte, 1)); got > 0 {
					a.Fatalf("connection %d is answered after %d bytes of its request", i, sent)
				} else if !isTimeout(err) {
					ncs[i], open = nil, open-1
					if d := time.Since(start); d < limit {
						a.Errorf("connection %d was cut after %v, want %v", i, d, limit)
					}
				}
			}
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// TestAttackHalfOpenHandshakes has 5,000 peers stop in the middle of their requests.
// What each of them costs is bounded, and all of them are cut.
func TestAttackHalfOpenHandshakes(t *testing.T) {
	const each = 16 << 10 // bytes: stack aside, the state of the parser, the first buffer, and both sockets
	attacked(t, &websocket.Server{Handler: testkit.Echo["events"], Options: websocket.Options{HandshakeTimeout: 3 * time.Second}}, func(a *attack) {
		n := scaled(5000)
		ncs := make([]*net.TCPConn, n)
		half := testkit.GoodRequest[:len(testkit.GoodRequest)/2]
		for i := range ncs {
			var err error
			if ncs[i], err = a.connect(i); err != nil {
				return
			}
			io.WriteString(ncs[i], half[:i%len(half)])
		}
		a.wantHeapWithin(n*each+heapSlack, "with all of them half open")
		for _, nc := range ncs {
			a.wantAnswer(nc, "", "half a request")
		}
	})
}

// TestAttackHeaderFloods has peers send heads that do not end. Each is told so, as
// soon as the limit is exceeded, and costs no more memory than that.
func TestAttackHeaderFloods(t *testing.T) {
	const headTooBig = "HTTP/1.1 431 "
	const each = 128 << 10 // bytes: a buffer that has doubled up to the limit, and both sockets
	line := strings.Repeat("x", 1000)
	for _, tt := range []struct {
		name        string
		begin, over string // over is sent again and again
		want        string
	}{
		{"too many lines", "GET / HTTP/1.1\r\n", "X: y\r\n", headTooBig},
		{"long lines", "GET / HTTP/1.1\r\n", "X: " + line + "\r\n", headTooBig},
		{"a giant line", "GET / HTTP/1.1\r\nX: ", line, headTooBig},
		{"a giant name", "GET / HTTP/1.1\r\n", line, headTooBig},
		{"a giant path", "GET /", line, headTooBig},
		{"white space", "GET / HTTP/1.1\r\nX:", strings.Repeat(" \t", 500), headTooBig},
		{"bytes that are no HTTP", "", "\x00\xff\x16\x03", "HTTP/1.1 400 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			attacked(t, &websocket.Server{Handler: testkit.Echo["events"]}, func(a *attack) {
				n := scaled(100)
				piece := bytes.Repeat([]byte(tt.over), 1+(64<<10)/len(tt.over))
				var answered atomic.Int64
				got := testkit.Allocated(func() {
					inParallel(n, func(i int) {
						if a.flood(i, tt.begin, piece, tt.want) {
							answered.Add(1)
						}
					})
				})
				if got > uint64(n)*each {
					a.Errorf("%d endless heads allocated %d bytes, want at most %d", n, got, n*each)
				}
				if answered.Load() < int64(n/2) {
					a.Errorf("%d of %d got the answer %q", answered.Load(), n, tt.want)
				}
			})
		})
	}
}

// flood sends begin and then piece again and again, a megabyte or until it is cut,
// and reports whether want is the answer. Nothing may be, too: the reset for those who
// go on sending may overtake it.
func (a *attack) flood(i int, begin string, piece []byte, want string) (answered bool) {
	nc, err := a.connect(i)
	if err != nil {
		return false
	}
	defer nc.Close()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, err := io.WriteString(nc, begin)
		for left := 1 << 20; err == nil && left > 0; left -= len(piece) {
			_, err = nc.Write(piece)
		}
	}()
	nc.SetReadDeadline(time.Now().Add(recovery))
	answer := make([]byte, len(want))
	n, err := io.ReadFull(nc, answer)
	if string(answer[:n]) != want[:n] || isTimeout(err) {
		a.Errorf("the answer is %q, %v; want %q", answer[:n], err, want)
	}
	nc.Close()
	<-sent
	return n == len(want)
}

// TestAttackHandshakesThatVanish has peers reset or half-close their connection in
// the middle of the opening handshake, and behind it.
func TestAttackHandshakesThatVanish(t *testing.T) {
	request := strings.ReplaceAll(testkit.GoodRequest, "\n", "\r\n")
	attacked(t, &websocket.Server{Handler: testkit.Echo["events"]}, func(a *attack) {
		inParallel(scaled(2000), func(i int) {
			nc, err := a.connect(i)
			if err != nil {
				return
			}
			io.WriteString(nc, request[:i%(len(request)+1)])
			if i%2 == 0 {
				nc.SetLinger(0)
				nc.Close()
			} else {
				nc.CloseWrite()
			}
		})
	})
}
