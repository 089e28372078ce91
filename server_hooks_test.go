package websocket_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// journal writes down what hooks are told.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// wait waits until there are n lines, and returns them.
func (j *journal) wait(t *testing.T, n int) []string {
	t.Helper()
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		j.mu.Lock()
		lines := slices.Clone(j.lines)
		j.mu.Unlock()
		if len(lines) >= n || time.Since(start) > patience {
			return lines
		}
	}
}

func (j *journal) hooks() websocket.Hooks {
	return websocket.Hooks{
		Accepted: func(remote net.Addr) { j.note("accepted %t", remote != nil) },
		Refused:  func(_ *websocket.Request, err error) { j.note("refused %v", err) },
		Opened:   func(c *websocket.Conn, _ *websocket.Request) { j.note("opened %q", c.Subprotocol()) },
		Received: func(_ *websocket.Conn, op websocket.Opcode, n int) { j.note("received %v %d", op, n) },
		Sent:     func(_ *websocket.Conn, op websocket.Opcode, n int) { j.note("sent %v %d", op, n) },
		Closed: func(c *websocket.Conn, err error) {
			j.note("closed %d", websocket.CloseStatus(err))
			c.CloseNow() // does no harm
		},
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	for form, h := range forms {
		for _, tt := range []struct {
			name string
			peer func(t *testing.T, addr string)
			want []string
		}{
			{"a conversation", func(t *testing.T, addr string) {
				nc := upgraded(t, addr)
				nc.Write(wstest.Text("hello").AppendMasked(nil, wstest.RFCKey))
				nextFrame(t, nc)
				nc.Write(wstest.Close(4000, "").AppendMasked(nil, wstest.RFCKey))
				nextFrame(t, nc)
				nc.Close()
			}, []string{"accepted true", `opened ""`, "received text 5", "sent text 5", "closed 4000"}},
			{"a violation", func(t *testing.T, addr string) {
				nc := upgraded(t, addr)
				nc.Write(wstest.Text("not masked").Append(nil))
				nextFrame(t, nc)
				nc.Close()
			}, []string{"accepted true", `opened ""`, "closed 1002"}},
			{"a cut", func(t *testing.T, addr string) { upgraded(t, addr).Close() },
				[]string{"accepted true", `opened ""`, "closed 1006"}},
			{"a refusal", func(t *testing.T, addr string) {
				send(t, addr, with("Upgrade: websocket", ""))
			}, []string{"accepted true", "refused websocket: opening handshake refused: 426: Upgrade header does not name websocket: connect with a WebSocket client, and have proxies pass on Upgrade and Connection"}},
			{"an opening handshake that ends", func(t *testing.T, addr string) {
				nc, err := net.Dial("tcp", addr)
				if err != nil {
					t.Fatal(err)
				}
				nc.Close()
			}, []string{"accepted true", "refused EOF"}},
		} {
			t.Run(form+", "+tt.name, func(t *testing.T) {
				t.Parallel()
				var j journal
				addr := serve(t, &websocket.Server{Handler: h, Options: websocket.Options{Hooks: j.hooks()}})
				tt.peer(t, addr)
				if got := j.wait(t, len(tt.want)); !slices.Equal(got, tt.want) {
					t.Errorf("hooks were told\n got %q\nwant %q", got, tt.want)
				}
			})
		}
	}
}

// TestHooksOfAConn has them on a connection of its own, and counts each way of
// writing and reading.
func TestHooksOfAConn(t *testing.T) {
	for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
		t.Run(role.String(), func(t *testing.T) {
			var j journal
			inBubble(t, role, &websocket.Options{Hooks: j.hooks()}, func(tc *testConn) {
				tc.want("Write", tc.Write(background, websocket.OpText, []byte("1")), nil)
				tc.want("Write", tc.Write(background, websocket.OpBinary, make([]byte, 20_000)), nil)
				tc.want("Queue", tc.Queue(background, websocket.OpText, []byte("123")), nil)
				m, _ := websocket.Prepare(websocket.OpBinary, []byte("1234"))
				tc.want("WritePrepared", tc.WritePrepared(background, m), nil)
				s, _ := tc.Writer(background, websocket.OpText)
				s.Write(make([]byte, 17_000))
				tc.want("Writer", s.Close(), nil)
				tc.send(wstest.Text("1"), wstest.Binary([]byte("12")).More(), wstest.Continuation("3"), wstest.Text("1234"))
				tc.wantMessage("Read", wstest.Text("1"))
				tc.wantMessage("Read", wstest.Binary([]byte("123")))
				if _, err := readStream(tc.Conn, background); err != nil {
					tc.t.Fatal(err)
				}
				tc.CloseNow()
				tc.CloseNow()
			})
			want := []string{
				`opened ""`, "sent text 1", "sent binary 20000", "sent text 3", "sent binary 4", "sent text 17000",
				"received text 1", "received binary 3", "received text 4", "closed 1006",
			}
			if got := j.wait(t, 0); !slices.Equal(got, want) {
				t.Errorf("hooks were told\n got %q\nwant %q", got, want)
			}
		})
	}
}

// TestPromise25PanicHarmsNobodyElse has one of many connections panic.
func TestPromise25PanicHarmsNobodyElse(t *testing.T) {
	addr := serve(t, &websocket.Server{
		Options: websocket.Options{Logger: quiet},
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			if strings.Contains(string(p), "panic") {
				panic(string(p))
			}
			c.Write(background, op, p)
		}),
	})
	good, bad := upgraded(t, addr), upgraded(t, addr)
	wantEchoOn(t, good, "before")
	bad.Write(wstest.Text("panic").AppendMasked(nil, wstest.RFCKey))
	if got := nextFrame(t, bad); got.String() != wstest.Close(1011, "").String() {
		t.Errorf("the connection that panicked gets %v, want a Close frame with 1011", got)
	}
	wantEchoOn(t, good, "after")
	wantEchoOn(t, upgraded(t, addr), "new")
}

// TestServeOutlivesErrorsThatPass has the listener run out of descriptors for a
// while, and then fail for good.
func TestServeOutlivesErrorsThatPass(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &websocket.Server{Handler: forms["events"], Options: websocket.Options{Logger: quiet}}
	addr := serveOn(t, srv, &failingListener{Listener: ln, errs: []error{
		&net.OpError{Op: "accept", Err: syscall.EMFILE}, &net.OpError{Op: "accept", Err: syscall.ENFILE},
	}})
	wantEchoOn(t, upgraded(t, addr), "hello")

	ln, err = net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	final := &net.OpError{Op: "accept", Err: syscall.EINVAL}
	if err := srv.Serve(&failingListener{Listener: ln, errs: []error{final}}); err != final {
		t.Errorf("Serve() = %v, want %v", err, final)
	}
}
