package websocket_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
)

// beginClose begins a Close.
func (tc *testConn) beginClose(code websocket.StatusCode, reason string) *call {
	return begin(func() error { return tc.Close(code, reason) })
}

// endTCP ends the TCP connection where the RFC wants it: a server closes first,
// a client waits for that.
func (tc *testConn) endTCP() {
	tc.t.Helper()
	if tc.role == websocket.RoleServer {
		tc.wantClosed("the server closes TCP first")
		tc.peer.Close()
		return
	}
	tc.wantIdle("the client waits for the server to close TCP")
	tc.peer.CloseWrite()
	tc.wantClosed("and then closes, too")
}

func TestCloseByUs(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		start := time.Now()
		closing := tc.beginClose(4321, "done")
		tc.wantFrame("Close sends a Close frame", wstest.Close(4321, "done"))
		tc.wantIdle("and waits")
		tc.send(wstest.Ping("x"), wstest.Text("too late"), wstest.Close(4321, ""))
		tc.endTCP()
		tc.want("Close", closing.wait(), nil)
		tc.took("it does not wait for longer than needed", start, 0)
		_, _, err := tc.Read(background)
		tc.wantCloseError("Read tells what the peer's Close frame had", err, 4321)
		tc.want("Write", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
		_, err = tc.Writer(background, websocket.OpText)
		tc.want("Writer", err, websocket.ErrClosed)
		_, err = tc.Ping(background)
		tc.want("Ping", err, websocket.ErrClosed)
		tc.want("Close again", tc.Close(1000, ""), nil)
		tc.want("CloseNow", tc.CloseNow(), nil)
	})
}

func TestCloseByThePeer(t *testing.T) {
	for _, tt := range []struct {
		name         string
		sent, answer wstest.Frame
		code         websocket.StatusCode
		reason       string
	}{
		{"with code and reason", wstest.Close(3000, "κόσμε"), wstest.Close(3000, ""), 3000, "κόσμε"},
		{"with a code", wstest.Close(1001, ""), wstest.Close(1001, ""), 1001, ""},
		{"with nothing", wstest.CloseBody(""), wstest.CloseBody(""), websocket.StatusNoStatusReceived, ""},
		{"with the longest reason", wstest.Close(1000, strings.Repeat("x", 123)), wstest.Close(1000, ""), 1000, strings.Repeat("x", 123)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				read := tc.beginRead(background)
				tc.send(wstest.Text("x"))
				tc.want("a message before it", read.wait(), nil)
				read = tc.beginRead(background)
				tc.send(tt.sent)
				tc.wantFrame("the Close frame is answered with its code", tt.answer)
				tc.endTCP()
				err := read.wait()
				got, ok := errors.AsType[*websocket.CloseError](err)
				if !ok || got.Code != tt.code || got.Reason != tt.reason {
					tc.t.Errorf("Read() = %v, want a *CloseError with %d %q", err, tt.code, tt.reason)
				}
				if got := websocket.CloseStatus(err); got != tt.code {
					tc.t.Errorf("CloseStatus() = %d, want %d", got, tt.code)
				}
				tc.want("Write", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
				tc.want("Close is allowed and adds nothing", tc.Close(1000, ""), nil)
			})
		})
	}
}

func TestCloseByBoth(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.send(wstest.Close(1001, "me first"))
		closing := tc.beginClose(1000, "no, me")
		tc.wantFrame("our Close frame is on its way", wstest.Close(1000, "no, me"))
		tc.endTCP()
		tc.want("theirs is the answer to it", closing.wait(), nil)
		_, _, err := tc.Read(background)
		tc.wantCloseError("Read tells what was in theirs", err, 1001)
	})
}

func TestPromise28TCPIsClosedInTime(t *testing.T) {
	for _, tt := range []struct {
		name string
		peer func(*testConn) // what it does instead of answering
		want error
		took time.Duration
	}{
		{"the peer does nothing", func(*testConn) {}, websocket.ErrTimeout, 2 * time.Second},
		{"the peer talks on", func(tc *testConn) {
			for err := error(nil); err == nil; time.Sleep(100 * time.Millisecond) {
				_, err = tc.peer.Write(tc.wire(wstest.Text("and another thing"), wstest.Ping("")))
			}
		}, websocket.ErrTimeout, 2 * time.Second},
		{"the peer drops TCP", func(tc *testConn) { tc.peer.Close() }, io.ErrUnexpectedEOF, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{CloseTimeout: 2 * time.Second}, func(tc *testConn) {
				start := time.Now()
				closing := tc.beginClose(1000, "")
				var peer sync.WaitGroup
				peer.Go(func() { tt.peer(tc) })
				tc.want("Close tells that no Close frame came", closing.wait(), tt.want)
				tc.took("it returns in time", start, tt.took)
				peer.Wait()
				_, _, err := tc.Read(background)
				tc.want("so does Read", err, tt.want)
				if got := websocket.CloseStatus(err); got != websocket.StatusAbnormalClosure {
					tc.t.Errorf("CloseStatus(%v) = %d, want 1006", err, got)
				}
			})
		})
	}
}

// TestCloseWhileThePeerTakesNothing bounds Close although its frame cannot leave.
func TestCloseWhileThePeerTakesNothing(t *testing.T) {
	inBothRoles(t, &websocket.Options{CloseTimeout: 2 * time.Second, WriteTimeout: time.Minute}, func(tc *testConn) {
		_, stuck := tc.fill()
		start := time.Now()
		tc.want("Close gives up", tc.Close(1000, ""), websocket.ErrTimeout)
		tc.took("after CloseTimeout", start, 2*time.Second)
		tc.want("and with it who was stuck", stuck.wait(), websocket.ErrClosed)
	})
}

// TestCloseWhoseFrameFindsNoRoom does so where nobody was stuck before.
func TestCloseWhoseFrameFindsNoRoom(t *testing.T) {
	inBothRoles(t, &websocket.Options{CloseTimeout: 2 * time.Second, WriteTimeout: time.Minute}, func(tc *testConn) {
		header := codec.SizeHeader(codec.Header{Length: 65_000, Masked: tc.role == websocket.RoleClient})
		tc.want("a message fills the peer's buffer", tc.Write(background, websocket.OpBinary, make([]byte, pipe.Buffer-header)), nil)
		start := time.Now()
		tc.want("Close gives up", tc.Close(1000, ""), websocket.ErrTimeout)
		tc.took("after CloseTimeout", start, 2*time.Second)
	})
}

// TestPromise28LingeringIsBounded has a peer that keeps TCP open after the Close frames.
func TestPromise28LingeringIsBounded(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		start := time.Now()
		closing := tc.beginClose(1000, "")
		tc.sendBytes(append(tc.wire(wstest.Close(1000, "")), make([]byte, 1000)...)) // so that something is unread
		var peer sync.WaitGroup
		peer.Go(func() {
			for err := error(nil); err == nil; time.Sleep(10 * time.Millisecond) {
				_, err = tc.peer.Write(make([]byte, 1000))
			}
		})
		tc.want("Close", closing.wait(), nil)
		tc.took("it waits a second for the peer to close TCP", start, time.Second)
		peer.Wait()
	})
}

// TestPromise28CloseFrameSurvivesDataInFlight has a large message on its way when the
// peer closes: it is sent to its end, and then the answer.
func TestPromise28CloseFrameSurvivesDataInFlight(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		written, stuck := tc.fill()
		tc.want("another message waits", tc.Write(background, websocket.OpText, []byte("behind")), nil)
		read := tc.beginRead(background)
		tc.send(wstest.Close(1000, ""))
		for _, f := range append(written, wstest.Text("behind")) {
			tc.wantFrame("what was written before arrives", f)
		}
		tc.wantFrame("then the answer to the Close frame", wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("who was stuck", stuck.wait(), nil)
		tc.wantCloseError("Read", read.wait(), 1000)
	})
}

func TestCloseRefusesWhatMustNotBeSent(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		for _, code := range []websocket.StatusCode{0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535} {
			if err := tc.Close(code, ""); !isViolation(err, codec.ErrCloseStatus) {
				tc.t.Errorf("Close(%d) = %v, want ErrCloseStatus", code, err)
			}
		}
		if err := tc.Close(websocket.StatusNoStatusReceived, "a reason needs a code"); !isViolation(err, codec.ErrCloseStatus) {
			tc.t.Errorf("Close(1005, reason) = %v, want ErrCloseStatus", err)
		}
		if err := tc.Close(1000, "\xff"); !isViolation(err, codec.ErrCloseReason) {
			tc.t.Errorf("Close(not UTF-8) = %v, want ErrCloseReason", err)
		}
		tc.wantIdle("nothing was sent")
		tc.want("and nothing closed", tc.Write(background, websocket.OpText, []byte("x")), nil)
		tc.wantFrame("at all", wstest.Text("x"))
		closing := tc.beginClose(1000, strings.Repeat("é", 100))
		tc.wantFrame("a reason that is too long is cut between two letters", wstest.Close(1000, strings.Repeat("é", 61)))
		tc.send(wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("Close", closing.wait(), nil)
	})
}

// TestCloseWithoutACode has StatusNoStatusReceived stand for an empty Close frame.
func TestCloseWithoutACode(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		closing := tc.beginClose(websocket.StatusNoStatusReceived, "")
		tc.wantFrame("1005 is not on the wire", wstest.CloseBody(""))
		tc.send(wstest.CloseBody(""))
		tc.endTCP()
		tc.want("Close", closing.wait(), nil)
	})
}

func TestCloseNow(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		read := tc.beginRead(background)
		ping := begin(func() error {
			_, err := tc.Ping(background)
			return err
		})
		if f, err := tc.frame(); err != nil || f.Opcode != codec.OpPing {
			tc.t.Fatalf("got %v, %v; want a Ping", f, err)
		}
		tc.want("Queue", tc.Queue(background, websocket.OpText, []byte("pending")), nil)
		tc.want("CloseNow", tc.CloseNow(), nil)
		tc.wantFrame("what Queue has accepted is sent", wstest.Text("pending"))
		tc.wantClosed("TCP is closed, nothing more is sent")
		tc.want("the read ends", read.wait(), websocket.ErrClosed)
		tc.want("the Ping ends", ping.wait(), websocket.ErrClosed)
		tc.want("Write", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
		tc.want("Close tells that there was no closing handshake", tc.Close(1000, ""), websocket.ErrClosed)
		tc.want("CloseNow again", tc.CloseNow(), nil)
		if _, _, err := tc.Read(background); websocket.CloseStatus(err) != websocket.StatusAbnormalClosure {
			tc.t.Errorf("CloseStatus(%v) = %d, want 1006", err, websocket.CloseStatus(err))
		}
	})
}

// TestPromise27CloseEndsWhoWaits closes while other goroutines read, write and ping.
func TestPromise27CloseEndsWhoWaits(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		read := tc.beginRead(ctx)
		ping := begin(func() error {
			_, err := tc.Ping(ctx)
			return err
		})
		if f, err := tc.frame(); err != nil || f.Opcode != codec.OpPing {
			tc.t.Fatalf("got %v, %v; want a Ping", f, err)
		}
		first, second := tc.beginClose(1000, "first"), tc.beginClose(1001, "second")
		tc.wantFrame("exactly one Close frame is sent", wstest.Close(1000, "first"))
		tc.wantIdle("whoever closes as well")
		if read.returned() || ping.returned() || first.returned() || second.returned() {
			tc.t.Fatalf("somebody did not wait for the peer: %v, %v, %v, %v", read.err, ping.err, first.err, second.err)
		}
		tc.want("Write is over at once", tc.Write(ctx, websocket.OpText, nil), websocket.ErrClosed)
		tc.send(wstest.Text("still read"))
		tc.want("a message that comes meanwhile goes to whoever reads", read.wait(), nil)
		tc.send(wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("Close", first.wait(), nil)
		tc.want("the other Close", second.wait(), nil)
		tc.want("Ping", ping.wait(), websocket.ErrClosed)
		_, _, err := tc.Read(ctx)
		tc.wantCloseError("Read", err, 1000)
	})
}

// TestCloseAfterTheEnd calls Close in functions for the end, on the goroutine that reads.
func TestCloseAfterTheEnd(t *testing.T) {
	for name, set := range map[string]func(tc *testConn, h *func(), f func()){
		"AfterClose": func(tc *testConn, _ *func(), f func()) { tc.AfterClose(f) },
		"Closed":     func(_ *testConn, h *func(), f func()) { *h = f },
	} {
		t.Run(name, func(t *testing.T) {
			hook := func() {}
			opts := &websocket.Options{Hooks: websocket.Hooks{Closed: func(*websocket.Conn, error) { hook() }}}
			for _, role := range []websocket.Role{websocket.RoleServer, websocket.RoleClient} {
				inBubble(t, role, opts, func(tc *testConn) {
					var err error
					set(tc, &hook, func() { err = tc.Close(1000, "") })
					read := tc.beginRead(background)
					tc.peer.Close()
					tc.want("Close returns what ended the connection", read.wait(), err)
					tc.want("which is an end without a Close frame", err, io.ErrUnexpectedEOF)
				})
			}
		})
	}
}

// TestCloseWaitsForBeforeClose closes from several goroutines: what a function of
// BeforeClose writes is sent before the Close frame.
func TestCloseWaitsForBeforeClose(t *testing.T) {
	for name, second := range map[string]func(tc *testConn) error{
		"Close":      func(tc *testConn) error { return tc.Close(1001, "") },
		"StartClose": func(tc *testConn) error { return tc.StartClose(1001, "") },
	} {
		t.Run(name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				tc.BeforeClose(func(ctx context.Context) {
					time.Sleep(time.Second)
					tc.want("Write", tc.Write(ctx, websocket.OpText, []byte("last")), nil)
				})
				a := begin(func() error { return tc.Close(1000, "") })
				b := begin(func() error { return second(tc) })
				time.Sleep(2 * time.Second)
				tc.wantFrame("the last message", wstest.Text("last"))
				f, err := tc.frame()
				if err != nil || f.Opcode != codec.OpClose {
					tc.t.Fatalf("then %v, %v; want a Close frame", f, err)
				}
				tc.send(wstest.Close(1000, ""))
				tc.endTCP()
				tc.want("Close", a.wait(), nil)
				tc.want(name, b.wait(), nil)
			})
		})
	}
}
