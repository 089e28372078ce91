package websocket_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// ahead is long enough for the library to read in the application's place.
const ahead = 1100 * time.Millisecond

func TestLibraryReadsWhileTheApplicationDoesNot(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*testConn) // what the application did last
	}{
		{"it never read", func(*testConn) {}},
		{"it has read", func(tc *testConn) {
			tc.send(wstest.Text("x"))
			tc.wantMessage("a message", wstest.Text("x"))
		}},
		{"its read was cancelled in a message", func(tc *testConn) {
			ctx, cancel := context.WithTimeout(background, time.Millisecond)
			defer cancel()
			tc.sendBytes(tc.wire(wstest.Text("data"))[:3])
			tc.Read(ctx)
			tc.sendBytes(tc.wire(wstest.Text("data"))[3:])
			tc.wantMessage("goes on", wstest.Text("data"))
		}},
		{"a read with a context that has ended did not read", func(tc *testConn) {
			time.Sleep(ahead)
			ctx, cancel := context.WithCancel(background)
			cancel()
			_, _, err := tc.Read(ctx)
			tc.want("it fails", err, context.Canceled)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{PingInterval: -1}, func(tc *testConn) {
				tt.before(tc)
				tc.send(wstest.Ping("1"))
				time.Sleep(ahead)
				tc.wantFrame("a Ping is answered after a second", wstest.Pong("1"))
				tc.send(wstest.Ping("2"))
				tc.wantFrame("and the next at once", wstest.Pong("2"))
				ping, _, frame := tc.beginPing(background)
				tc.send(pong(frame))
				tc.want("our own Ping hears its Pong", ping.wait(), nil)
				tc.send(wstest.Text("waits"), wstest.Ping("3"))
				tc.wantFrame("a Ping behind a message is answered", wstest.Pong("3"))
				time.Sleep(time.Minute)
				tc.wantMessage("the message waits until the application reads", wstest.Text("waits"))
				time.Sleep(ahead)
				tc.send(wstest.Close(1000, ""))
				tc.wantFrame("a Close frame is answered", wstest.Close(1000, ""))
				tc.endTCP()
				_, _, err := tc.Read(background)
				tc.wantCloseError("and told when the application reads", err, 1000)
			})
		})
	}
}

// TestReadTakesOverFromTheLibrary hands over again and again, with the peer's
// bytes coming at the same moment.
func TestReadTakesOverFromTheLibrary(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		for i := range 500 {
			time.Sleep(ahead)
			want := wstest.Text(fmt.Sprint("message ", i))
			sent := make(chan struct{})
			go func() {
				tc.peer.Write(tc.wire(want))
				close(sent)
			}()
			tc.wantMessage("no message is lost, and no read fails", want)
			<-sent
		}
	})
}

// TestServeTakesOverFromTheLibrary serves a connection that has waited.
func TestServeTakesOverFromTheLibrary(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				time.Sleep(ahead)
				tc.send(wstest.Ping("x"))
				tc.wantFrame("the library reads", wstest.Pong("x"))
				served := begin(func() error { return tc.Serve(h) })
				tc.send(wstest.Text("hello"))
				tc.wantFrame("the Handler answers", wstest.Text("hello"))
				time.Sleep(ahead)
				tc.send(wstest.Text("hello"))
				tc.wantFrame("and goes on", wstest.Text("hello"))
				tc.send(wstest.Close(1000, ""))
				tc.wantFrame("to the end", wstest.Close(1000, ""))
				tc.endTCP()
				served.wait()
			})
		})
	}
}

// TestServeGetsWhatTheLibraryHasRead serves a connection on which a message waits.
func TestServeGetsWhatTheLibraryHasRead(t *testing.T) {
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				time.Sleep(ahead)
				tc.send(wstest.Text("one"), wstest.Text("two"))
				synctest.Wait()
				served := begin(func() error { return tc.Serve(h) })
				tc.wantFrame("the message that waited", wstest.Text("one"))
				tc.wantFrame("and the one behind it", wstest.Text("two"))
				tc.CloseNow()
				tc.want("Serve", served.wait(), websocket.ErrClosed)
			})
		})
	}
}

// TestCloseWhileNobodyReads completes the closing handshake that either end
// begins.
func TestCloseWhileNobodyReads(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		time.Sleep(ahead)
		closing := tc.beginClose(1000, "")
		tc.wantFrame("Close takes over from the library", wstest.Close(1000, ""))
		tc.send(wstest.Text("unread"), wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("Close", closing.wait(), nil)
	})
	inBothRoles(t, nil, func(tc *testConn) {
		time.Sleep(ahead)
		tc.send(wstest.Text("unread"))
		synctest.Wait()
		closing := tc.beginClose(1000, "")
		tc.wantFrame("Close goes past a message that waits", wstest.Close(1000, ""))
		tc.send(wstest.Close(1000, ""))
		tc.endTCP()
		tc.want("Close", closing.wait(), nil)
	})
}

// TestPromise23DeadPeersAreFoundThoughNobodyReads finds a dead peer although the application only
// writes.
func TestPromise23DeadPeersAreFoundThoughNobodyReads(t *testing.T) {
	inBothRoles(t, &websocket.Options{PingInterval: 10 * time.Second, PongTimeout: 5 * time.Second}, func(tc *testConn) {
		time.Sleep(20 * time.Second)
		tc.want("Write learns it", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
		_, _, err := tc.Read(background)
		tc.want("Read tells why", err, websocket.ErrTimeout)
	})
}

// TestCloseNowFreesWhatWaits leaves messages unread; TestMain counts buffers.
func TestCloseNowFreesWhatWaits(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		time.Sleep(ahead)
		tc.send(wstest.Text("unread").More(), wstest.Continuation("unread"), wstest.Text("unread"))
		time.Sleep(ahead)
		read := begin(func() error {
			_, err := readStream(tc.Conn, background)
			return err
		})
		tc.CloseNow()
		tc.want("the stream was read before", read.wait(), nil)
	})
}

// TestStartCloseDeliversNoPartOfAMessage: during a closing handshake that the library
// completes, more than is read ahead arrives, and then the application reads on. It gets
// whole messages, or the end.
func TestStartCloseDeliversNoPartOfAMessage(t *testing.T) {
	part := strings.Repeat("x", 1000)
	want := func(tc *testConn, p []byte) {
		if string(p) != "whole" && len(p) != 101_000 {
			tc.t.Errorf("a message of %d bytes: a part of it is missing", len(p))
		}
	}
	begin101 := func(tc *testConn) {
		tc.send(wstest.Text("whole"), wstest.Text(part).More())
		for range 99 {
			tc.send(wstest.Continuation(part).More())
		}
		synctest.Wait()
	}
	end101 := func(tc *testConn) {
		synctest.Wait()
		tc.send(wstest.Continuation(part), wstest.Text("whole"), wstest.Close(1000, ""))
		tc.peer.Close()
	}
	t.Run("Read", func(t *testing.T) {
		inBothRoles(t, nil, func(tc *testConn) {
			go drainPeer(tc)
			tc.StartClose(1000, "")
			begin101(tc)
			read := begin(func() error {
				for m, err := range tc.Messages(background) {
					if err != nil {
						return err
					}
					want(tc, m.Payload)
				}
				return nil
			})
			end101(tc)
			tc.wantCloseError("the end", read.wait(), 1000)
		})
	})
	t.Run("Handler", func(t *testing.T) {
		inBothRoles(t, nil, func(tc *testConn) {
			go drainPeer(tc)
			busy := make(chan struct{})
			served := begin(func() error {
				return tc.Serve(websocket.MessageFunc(func(_ *websocket.Conn, _ websocket.Opcode, p []byte) {
					<-busy
					want(tc, p)
				}))
			})
			tc.send(wstest.Text("whole"))
			synctest.Wait()
			tc.StartClose(1001, "")
			begin101(tc)
			close(busy)
			end101(tc)
			tc.wantCloseError("the end", served.wait(), 1000)
		})
	})
}
