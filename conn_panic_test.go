package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// recorder is a Handler that writes down what happens, and panics where it is told to.
type recorder struct {
	panics string // "Open", "Message" or "Close"

	mu    sync.Mutex
	calls []string
	err   error // what Close was told
}

func (r *recorder) call(name, what string) {
	r.mu.Lock()
	r.calls = append(r.calls, what)
	r.mu.Unlock()
	if r.panics == name {
		panic(name)
	}
}

func (r *recorder) Open(*websocket.Conn) { r.call("Open", "open") }

func (r *recorder) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	r.call("Message", fmt.Sprintf("%v %s", op, p))
}

func (r *recorder) Close(_ *websocket.Conn, err error) {
	r.mu.Lock()
	r.err = err
	r.mu.Unlock()
	r.call("Close", "close")
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.calls, ", ")
}

func TestHandlerIsCalledInOrder(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		r := &recorder{}
		served := begin(func() error { return tc.Serve(r) })
		tc.send(wstest.Text("a"), wstest.Binary([]byte("b")).More(), wstest.Ping(""), wstest.Continuation("c"), wstest.Close(1000, "bye"))
		tc.wantFrame("the Ping is answered", wstest.Pong(""))
		tc.wantFrame("and the Close frame", wstest.Close(1000, ""))
		tc.endTCP()
		tc.wantCloseError("Serve returns what ended the connection", served.wait(), 1000)
		tc.want("which Handler.Close was told", r.err, served.err)
		if got, want := r.String(), "open, text a, binary bc, close"; got != want {
			tc.t.Errorf("the Handler was called: %s; want %s", got, want)
		}
		_, _, err := tc.Read(background)
		tc.want("and so does Read", err, served.err)
		tc.want("and Serve", tc.Serve(r), served.err)
	})
}

func TestPromise25PanicClosesWith1011(t *testing.T) {
	for _, tt := range []struct{ panics, calls string }{
		{"Open", "open, close"},
		{"Message", "open, text a, close"},
	} {
		t.Run(tt.panics, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{Logger: quiet}, func(tc *testConn) {
				r := &recorder{panics: tt.panics}
				served := begin(func() error { return tc.Serve(r) })
				tc.send(wstest.Text("a"), wstest.Text("b"))
				tc.wantFrame("the peer is told", wstest.Close(1011, ""))
				tc.endTCP()
				err := served.wait()
				if err == nil || websocket.CloseStatus(err) != websocket.StatusInternalError {
					tc.t.Errorf("Serve() = %v, which stands for %d; want 1011", err, websocket.CloseStatus(err))
				}
				tc.want("Handler.Close is told the same", r.err, err)
				if got := r.String(); got != tt.calls {
					tc.t.Errorf("the Handler was called: %s; want %s", got, tt.calls)
				}
			})
		})
	}
	t.Run("Close", func(t *testing.T) {
		inBothRoles(t, &websocket.Options{Logger: quiet}, func(tc *testConn) {
			r := &recorder{panics: "Close"}
			served := begin(func() error { return tc.Serve(r) })
			tc.send(wstest.Close(1000, ""))
			tc.wantFrame("the closing handshake is over before", wstest.Close(1000, ""))
			tc.endTCP()
			tc.wantCloseError("Serve tells what ended the connection", served.wait(), 1000)
		})
	})
	t.Run("Blocking", func(t *testing.T) {
		inBothRoles(t, &websocket.Options{Logger: quiet}, func(tc *testConn) {
			served := begin(func() error {
				return tc.Serve(websocket.Blocking(func(c *websocket.Conn) {
					c.Read(background)
					panic("blocking")
				}))
			})
			tc.send(wstest.Text("a"))
			tc.wantFrame("the peer is told", wstest.Close(1011, ""))
			tc.send(wstest.Close(1011, ""))
			tc.endTCP()
			tc.want("Serve has closed the connection", served.wait(), nil)
		})
	})
}

func TestPromise25PanicIsReported(t *testing.T) {
	var log strings.Builder
	inBubble(t, websocket.RoleServer, &websocket.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, func(tc *testConn) {
		served := begin(func() error {
			return tc.Serve(websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) { panic("the reason") }))
		})
		tc.send(wstest.Text("a"))
		tc.wantFrame("the peer learns no more than it has to", wstest.Close(1011, ""))
		tc.endTCP()
		served.wait()
		for _, want := range []string{"the reason", "TestPromise25PanicIsReported"} {
			if !strings.Contains(log.String(), want) {
				tc.t.Errorf("the log does not tell %q: %s", want, log.String())
			}
		}
	})
}

// TestPromise27CloseInsideHandlers closes from each method; none waits.
func TestPromise27CloseInsideHandlers(t *testing.T) {
	for _, where := range []string{"Open", "Message", "Close"} {
		t.Run(where, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				var errs []error
				served := begin(func() error {
					return tc.Serve(&hooked{where: where, do: func(c *websocket.Conn) {
						errs = append(errs, c.Close(1000, where), c.Close(1001, "again"))
					}})
				})
				tc.send(wstest.Text("a"))
				if where == "Close" {
					tc.send(wstest.Close(1001, ""))
					tc.wantFrame("the peer closes", wstest.Close(1001, ""))
				} else {
					tc.wantFrame("one Close frame is sent", wstest.Close(1000, where))
					tc.send(wstest.Close(1000, ""))
				}
				tc.endTCP()
				if _, ok := errors.AsType[*websocket.CloseError](served.wait()); !ok {
					tc.t.Errorf("Serve() = %v, want a *CloseError", served.err)
				}
				for _, err := range errs {
					tc.want("Close", err, nil)
				}
			})
		})
	}
}

// TestCloseNowInAHandler cuts from each method.
func TestCloseNowInAHandler(t *testing.T) {
	for _, where := range []string{"Open", "Message", "Close"} {
		t.Run(where, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				served := begin(func() error {
					return tc.Serve(&hooked{where: where, do: func(c *websocket.Conn) { c.CloseNow() }})
				})
				switch where {
				case "Message":
					tc.send(wstest.Text("a"))
				case "Close":
					tc.peer.Close()
				}
				if err := served.wait(); err == nil || websocket.CloseStatus(err) != websocket.StatusAbnormalClosure {
					tc.t.Errorf("Serve() = %v, want an end without a Close frame", err)
				}
			})
		})
	}
}

// hooked is a Handler that does something in one of its methods.
type hooked struct {
	where string
	do    func(*websocket.Conn)
}

func (h *hooked) at(where string, c *websocket.Conn) {
	if h.where == where {
		h.do(c)
	}
}

func (h *hooked) Open(c *websocket.Conn)                                  { h.at("Open", c) }
func (h *hooked) Message(c *websocket.Conn, _ websocket.Opcode, _ []byte) { h.at("Message", c) }
func (h *hooked) Close(c *websocket.Conn, _ error)                        { h.at("Close", c) }

// TestPanicInAHook panics in each hook of a Server's connection: the connection is closed
// or goes on, the Server has counted its end, and functions for the end are called.
func TestPanicInAHook(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*websocket.Hooks){
		"Accepted": func(h *websocket.Hooks) { h.Accepted = func(net.Addr) { panic("hook") } },
		"Opened":   func(h *websocket.Hooks) { h.Opened = func(*websocket.Conn, *websocket.Request) { panic("hook") } },
		"Received": func(h *websocket.Hooks) { h.Received = func(*websocket.Conn, websocket.Opcode, int) { panic("hook") } },
		"Sent":     func(h *websocket.Hooks) { h.Sent = func(*websocket.Conn, websocket.Opcode, int) { panic("hook") } },
		"Control": func(h *websocket.Hooks) {
			h.Control = func(*websocket.Conn, websocket.Opcode, []byte) { panic("hook") }
		},
		"Closed": func(h *websocket.Hooks) { h.Closed = func(*websocket.Conn, error) { panic("hook") } },
	} {
		for form, h := range forms {
			t.Run(name+"/"+form, func(t *testing.T) {
				t.Parallel()
				srv := &websocket.Server{Handler: h, Options: websocket.Options{Logger: quiet, CloseTimeout: 100 * time.Millisecond}}
				set(&srv.Options.Hooks)
				nc, err := net.Dial("tcp", serve(t, srv))
				if err != nil {
					t.Fatal(err)
				}
				defer nc.Close()
				nc.Write([]byte(strings.ReplaceAll(goodRequest, "\n", "\r\n")))
				nc.Write(masked(wstest.Text("x"), wstest.Close(1000, "")))
				nc.SetReadDeadline(time.Now().Add(patience))
				if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("the connection was not closed")
				}
				nc.Close()
				ctx, cancel := context.WithTimeout(background, patience)
				defer cancel()
				if err := srv.Shutdown(ctx); err != nil {
					t.Errorf("Shutdown() = %v", err)
				}
			})
		}
	}
}

// TestPanicAfterClose panics in a function of AfterClose, and in a hook while the library
// reads ahead: the other functions are called, and the process goes on.
func TestPanicAfterClose(t *testing.T) {
	opts := &websocket.Options{Logger: quiet, Hooks: websocket.Hooks{
		Control: func(*websocket.Conn, websocket.Opcode, []byte) { panic("hook") },
	}}
	inBothRoles(t, opts, func(tc *testConn) {
		called := false
		tc.AfterClose(func() { panic("AfterClose") })
		tc.AfterClose(func() { called = true })
		tc.send(wstest.Ping(""))
		time.Sleep(1100 * time.Millisecond) // the library reads
		tc.wantFrame("the panic closes the connection", wstest.Close(1011, ""))
		tc.endTCP()
		synctest.Wait()
		if !called {
			tc.t.Error("the second function of AfterClose was not called")
		}
	})
}

// TestCloseAfterAPanicInAHook: an application that recovers from a panic of a hook in its
// Read can perform the closing handshake.
func TestCloseAfterAPanicInAHook(t *testing.T) {
	opts := &websocket.Options{Hooks: websocket.Hooks{
		Received: func(*websocket.Conn, websocket.Opcode, int) { panic("hook") },
	}}
	inBothRoles(t, opts, func(tc *testConn) {
		tc.send(wstest.Text("x"))
		func() {
			defer func() {
				if recover() == nil {
					tc.t.Error("Read has hidden a panic of the application")
				}
			}()
			tc.Read(background)
		}()
		closed := begin(func() error { return tc.Close(1000, "") })
		tc.wantFrame("the Close frame", wstest.Close(1000, ""))
		tc.send(wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("Close", closed.wait(), nil)
	})
}
