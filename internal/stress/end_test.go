package stress_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/leak"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// reset ends a TCP connection with a RST.
func reset(nc *net.TCPConn) {
	nc.SetLinger(0)
	nc.Close()
}

// TestAttackResets has 1,000 peers reset their connection, each in another place of
// what it sends, with echoes on their way that it has not read.
func TestAttackResets(t *testing.T) {
	wire := testkit.Masked(
		wstest.Text("hello"), wstest.Ping("x"), wstest.Text("in ").More(), wstest.Ping(""), wstest.Continuation("fragments"),
		wstest.Binary(wstest.BinaryPayload(70_000)), wstest.Text("more"),
	)
	for form, h := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			ended := make(chan error, scaled(1000)+1) // with the witness
			opts := websocket.Options{Hooks: websocket.Hooks{Closed: func(_ *websocket.Conn, err error) { ended <- err }}}
			attacked(t, &websocket.Server{Handler: h, Options: opts}, func(a *attack) {
				n := scaled(1000)
				inParallel(n, func(i int) {
					if nc, err := a.enter(i, "", nil); err == nil {
						nc.Write(wire[:i*len(wire)/n])
						reset(nc)
					}
				})
				for range n {
					select {
					case err := <-ended:
						if errors.Is(err, websocket.ErrClosed) || websocket.CloseStatus(err) != websocket.StatusAbnormalClosure {
							a.Errorf("the connection ended with %v, want what the network reported", err)
						}
					case <-time.After(recovery):
						a.Fatal("a connection that was reset goes on")
					}
				}
			})
		})
	}
}

// TestAttackParkedConnections has peers be idle until the server has parked them all,
// where it does, and then all at once reset, half-close, or talk and close.
func TestAttackParkedConnections(t *testing.T) {
	attacked(t, &websocket.Server{Handler: testkit.Echo["events"]}, func(a *attack) {
		ncs := a.entered(scaled(600))
		for start := time.Now(); time.Since(start) < 3*time.Second; time.Sleep(20 * time.Millisecond) {
			if strings.Count(leak.Stacks(), "websocket.service.park(") >= len(ncs) {
				break
			}
		}
		inParallel(len(ncs), func(i int) {
			nc := ncs[i]
			nc.SetDeadline(time.Now().Add(recovery))
			switch i % 3 {
			case 0:
				reset(nc)
			case 1:
				nc.Write(hello[:i%len(hello)])
				nc.CloseWrite()
				if got, err := io.ReadAll(nc); len(got) > 0 || err != nil {
					a.Errorf("half-closed: got %q, %v; want the end of the connection", got, err)
				}
			default:
				if err := errors.Join(exchange(nc, hello, echoed), exchange(nc, bye, byeToo)); err != nil {
					a.Error(err)
				}
			}
		})
	})
}

// TestAttackHalfClosedConnections has peers end their side of TCP alone, at each stage of
// a session. They are answered what they have asked before, and the server ends
// its side.
func TestAttackHalfClosedConnections(t *testing.T) {
	request := strings.ReplaceAll(testkit.GoodRequest, "\n", "\r\n")
	frames := func(frames ...wstest.Frame) (b []byte) {
		for _, f := range frames {
			b = f.Append(b)
		}
		return b
	}
	for _, tt := range []struct {
		name     string
		upgraded bool
		sent     []byte
		want     []byte // to the end
	}{
		{"before the opening handshake", false, nil, nil},
		{"inside the opening handshake", false, []byte(request[:len(request)-2]), nil},
		{"behind the opening handshake", true, nil, nil},
		{"between messages", true, hello, echoed},
		{"inside a header", true, slices.Concat(hello, hello[:3]), echoed},
		{"inside a frame", true, slices.Concat(hello, hello[:len(hello)-1]), echoed},
		{"inside a large frame", true, slices.Concat(hello, testkit.Masked(wstest.Binary(make([]byte, 100_000)))[:99_999]), echoed},
		{"between fragments", true, testkit.Masked(wstest.Text("hello"), wstest.Text("x").More()), echoed},
		{"behind a Ping", true, testkit.Masked(wstest.Ping("x")), frames(wstest.Pong("x"))},
		{"behind its Close frame", true, testkit.Masked(wstest.Text("hello"), wstest.Close(1000, "")), frames(wstest.Text("hello"), wstest.Close(1000, ""))},
		{"behind a frame that breaks a rule", true, testkit.Masked(wstest.Reserved(3, "")), frames(wstest.Close(1002, "reserved opcode"))},
	} {
		for form, h := range testkit.Echo {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				attacked(t, &websocket.Server{Handler: h}, func(a *attack) {
					inParallel(scaled(50), func(i int) {
						nc, err := a.connect(i)
						if tt.upgraded && err == nil {
							err = handshake(nc, "/", "", nil)
						}
						if err != nil {
							a.Error(err)
							return
						}
						nc.Write(tt.sent)
						nc.CloseWrite()
						nc.SetReadDeadline(time.Now().Add(recovery))
						if got, err := io.ReadAll(nc); err != nil || string(got) != string(tt.want) {
							a.Errorf("got %q, %v; want %q and the end of the connection", got, err, tt.want)
						}
					})
				})
			})
		}
	}
}

// TestAttackPeersThatStay has peers that do not close TCP after the closing handshake, and
// go on sending as slowly as they can: the server has closed its side, and cuts them.
func TestAttackPeersThatStay(t *testing.T) {
	for form, h := range testkit.Echo {
		t.Run(form, func(t *testing.T) {
			attacked(t, &websocket.Server{Handler: h}, func(a *attack) {
				var staying sync.WaitGroup
				for _, nc := range a.entered(scaled(100)) {
					staying.Go(func() {
						if err := exchange(nc, slices.Concat(bye, hello), byeToo); err != nil {
							a.Error(err)
						}
						start := time.Now()
						for _, err := nc.Write(hello[:1]); err == nil; _, err = nc.Write(hello[:1]) {
							if time.Sleep(10 * time.Millisecond); time.Since(start) > recovery {
								a.Error("a peer that goes on sending is not cut")
								return
							}
						}
					})
				}
				staying.Wait()
			})
		})
	}
}

// TestAttackChurn has connections come and go as fast as they can: each is upgraded,
// has a message echoed, and is closed or reset.
func TestAttackChurn(t *testing.T) {
	for form, n := range map[string]int{"events": 50_000, "blocking": 5_000} {
		t.Run(form, func(t *testing.T) {
			attacked(t, &websocket.Server{Handler: testkit.Echo[form]}, func(a *attack) {
				inParallel(scaled(n), func(i int) {
					if err := a.comeAndGo(i); err != nil {
						a.Errorf("connection %d: %v", i, err)
					}
				})
			})
		})
	}
}

var (
	hello  = testkit.Masked(wstest.Text("hello"))
	echoed = wstest.Text("hello").Append(nil)
	bye    = testkit.Masked(wstest.Close(1000, ""))
	byeToo = wstest.Close(1000, "").Append(nil)
)

// comeAndGo is the session of a connection.
func (a *attack) comeAndGo(i int) error {
	nc, err := a.dial(i)
	if err != nil {
		return err
	}
	defer nc.Close()
	if err := handshake(nc, "/", "", nil); err != nil {
		return err
	}
	if err := exchange(nc, hello, echoed); err != nil {
		return err
	}
	if i%2 == 0 {
		reset(nc)
		return nil
	}
	return exchange(nc, bye, byeToo)
}

// exchange sends what the server has to answer with want.
func exchange(nc net.Conn, sent, want []byte) error {
	if _, err := nc.Write(sent); err != nil {
		return err
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(nc, got); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("got %q, %w; want %q", got, err, want)
	}
	return nil
}
