package websocket_test

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestPromise07ViolationsFailTheConnection has the peer break each rule that it can break, in
// both roles and in every form of reading: the Close frame says which, with its status
// code, and nothing behind the offence is heard.
func TestPromise07ViolationsFailTheConnection(t *testing.T) {
	seen := map[codec.Violation]bool{
		codec.ErrUnmasked: true, codec.ErrMasked: true, // TestPromise07MaskingIsChecked
		codec.ErrAfterClose: true, // TestPromise07NothingIsHeardBehindClose
		codec.ErrDeflate:    true, // TestDeflateVectors
	}
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
		want   codec.Violation
		code   websocket.StatusCode
	}{
		{"a reserved bit", []wstest.Frame{wstest.Text("x").WithRSV(codec.RSV1)}, codec.ErrReservedBits, 1002},
		{"a reserved opcode", []wstest.Frame{wstest.Reserved(0xB, "")}, codec.ErrReservedOpcode, 1002},
		{"a length in too many bytes", []wstest.Frame{{Fin: true, Opcode: codec.OpText, Form: wstest.Length16}}, codec.ErrLengthNotMinimal, 1002},
		{"a length of 2^63", []wstest.Frame{{Fin: true, Opcode: codec.OpText, Form: wstest.Length64, Lie: math.MinInt64}}, codec.ErrLengthOverflow, 1002},
		{"a continuation of nothing", []wstest.Frame{wstest.Continuation("x")}, codec.ErrContinuation, 1002},
		{"a message in a message", []wstest.Frame{wstest.Text("x").More(), wstest.Text("y")}, codec.ErrInterleaved, 1002},
		{"a fragmented Ping", []wstest.Frame{wstest.Ping("x").More()}, codec.ErrControlFragmented, 1002},
		{"a Ping of 126 bytes", []wstest.Frame{wstest.Ping(string(make([]byte, 126)))}, codec.ErrControlTooLong, 1002},
		{"a Close frame of one byte", []wstest.Frame{wstest.CloseBody("x")}, codec.ErrCloseTruncated, 1002},
		{"a Close frame with 1005", []wstest.Frame{wstest.Close(1005, "")}, codec.ErrCloseStatus, 1002},
		{"a Close frame with 1006", []wstest.Frame{wstest.Close(1006, "")}, codec.ErrCloseStatus, 1002},
		{"a Close frame with 1015", []wstest.Frame{wstest.Close(1015, "")}, codec.ErrCloseStatus, 1002},
		{"a reason that is not UTF-8", []wstest.Frame{wstest.Close(1000, "\xff")}, codec.ErrCloseReason, 1007},
		{"text that is not UTF-8", []wstest.Frame{wstest.Text("\xc0\x80")}, codec.ErrText, 1007},
		{"text that ends too early", []wstest.Frame{wstest.Text("\xce").More(), wstest.Continuation("")}, codec.ErrText, 1007},
		{"a message above the limit", []wstest.Frame{wstest.Binary(make([]byte, 101))}, codec.ErrMessageTooBig, 1009},
	} {
		seen[tt.want] = true
		t.Run(tt.name, func(t *testing.T) {
			inEveryForm(t, &websocket.Options{MaxMessage: 100}, func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
				var got []string
				reading := begin(func() error {
					return read(func(_ websocket.Opcode, p []byte) { got = append(got, string(p)) })
				})
				tc.send(slices.Concat([]wstest.Frame{wstest.Text("heard")}, tt.frames, []wstest.Frame{wstest.Text("not heard"), wstest.Ping("nor answered")})...)
				tc.wantFrame("the answer names the rule", wstest.Close(tt.code, tt.want.Rule()))
				tc.endTCP()
				err := reading.wait()
				if !isViolation(err, tt.want) || websocket.CloseStatus(err) != tt.code {
					tc.t.Errorf("reading ended with %v, which stands for %d; want %v, %d", err, websocket.CloseStatus(err), tt.want, tt.code)
				}
				if !slices.Equal(got, []string{"heard"}) {
					tc.t.Errorf("received %q, want what came before the offence alone", got)
				}
			})
		})
	}
	for v := codec.Violation(1); v.Error() != codec.Violation(0).Error(); v++ {
		if !seen[v] {
			t.Errorf("no case breaks the rule: %s", v.Rule())
		}
	}
}

// TestPromise07NothingIsHeardBehindClose has the peer go on after its Close frame.
func TestPromise07NothingIsHeardBehindClose(t *testing.T) {
	inEveryForm(t, nil, func(tc *testConn, read func(func(websocket.Opcode, []byte)) error) {
		reading := begin(func() error { return read(func(_ websocket.Opcode, p []byte) { tc.t.Errorf("%q was heard", p) }) })
		tc.send(wstest.Close(1000, ""), wstest.Text("not heard"), wstest.Ping("nor answered"), wstest.Close(1001, ""))
		tc.wantFrame("the first Close frame is answered", wstest.Close(1000, ""))
		tc.endTCP()
		tc.wantCloseError("and told", reading.wait(), 1000)
	})
}

// TestPromise07MaskingIsChecked sends each role the frames that only the other may get.
func TestPromise07MaskingIsChecked(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		rule, wire := codec.ErrUnmasked, wstest.Text("x").Append(nil)
		if tc.role == websocket.RoleClient {
			rule, wire = codec.ErrMasked, wstest.Text("x").AppendMasked(nil, wstest.RFCKey)
		}
		tc.sendBytes(wire)
		read := tc.beginRead(background)
		tc.wantFrame("the answer names the rule", wstest.Close(1002, rule.Rule()))
		tc.endTCP()
		if err := read.wait(); !isViolation(err, rule) {
			tc.t.Errorf("Read() = %v, want %v", err, rule)
		}
	})
}

// TestTimeLimits has the peer exceed each limit of time, and stay within it.
func TestTimeLimits(t *testing.T) {
	trickle := func(tc *testConn, pause time.Duration, frames ...wstest.Frame) {
		for _, b := range tc.wire(frames...) {
			if _, err := tc.peer.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
	for _, tt := range []struct {
		name   string
		opts   websocket.Options
		peer   func(*testConn)
		took   time.Duration
		code   websocket.StatusCode // 0 if the connection lives on
		reason string
	}{
		{"a message that trickles", websocket.Options{MessageTimeout: 10 * time.Second}, func(tc *testConn) {
			trickle(tc, time.Second, wstest.Text("a long, long message"))
		}, 10 * time.Second, 1008, "message took too long"},
		{"fragments that trickle, with Pings", websocket.Options{MessageTimeout: 10 * time.Second}, func(tc *testConn) {
			tc.send(wstest.Text("a").More())
			for range 20 {
				trickle(tc, 100*time.Millisecond, wstest.Ping(""), wstest.Continuation("b").More())
			}
		}, 10 * time.Second, 1008, "message took too long"},
		{"messages that are just in time", websocket.Options{MessageTimeout: 10 * time.Second}, func(tc *testConn) {
			for range 5 {
				time.Sleep(9 * time.Second)
				trickle(tc, time.Second, wstest.Text(""), wstest.Ping(""))
			}
		}, 0, 0, ""},
		{"a Ping in two parts, and then nothing", websocket.Options{MessageTimeout: 10 * time.Second}, func(tc *testConn) {
			trickle(tc, time.Millisecond, wstest.Ping(""))
			time.Sleep(time.Minute)
		}, 0, 0, ""},
		{"a Pong that never ends", websocket.Options{MessageTimeout: 10 * time.Second}, func(tc *testConn) {
			wire := tc.wire(wstest.Pong("x"))
			tc.sendBytes(wire[:len(wire)-1])
		}, 10 * time.Second, 1008, "message took too long"},
		{"no message for too long", websocket.Options{IdleTimeout: 20 * time.Second, PingInterval: -1}, func(*testConn) {}, 20 * time.Second, 1001, "idle for too long"},
		{"nothing but Pings for too long", websocket.Options{IdleTimeout: 20 * time.Second}, func(tc *testConn) {
			time.Sleep(500 * time.Millisecond)
			for range 30 {
				tc.peer.Write(tc.wire(wstest.Ping("")))
				time.Sleep(time.Second)
			}
		}, 20 * time.Second, 1001, "idle for too long"},
		{"messages to the peer alone", websocket.Options{IdleTimeout: 20 * time.Second, PingInterval: -1}, func(tc *testConn) {
			for range 5 {
				time.Sleep(19 * time.Second)
				tc.Write(background, websocket.OpText, nil)
			}
		}, 0, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &tt.opts, func(tc *testConn) {
				start := time.Now()
				read := begin(func() error {
					for {
						if _, _, err := tc.Read(background); err != nil {
							return err
						}
					}
				})
				peer := begin(func() error {
					tt.peer(tc)
					return nil
				})
				if tt.code == 0 {
					peer.wait()
					if read.returned() {
						tc.t.Fatalf("the connection ended: %v", read.err)
					}
					return
				}
				time.Sleep(tt.took - time.Millisecond)
				synctest.Wait()
				for {
					f, err := tc.frame()
					if err != nil {
						break
					}
					if f.Opcode == codec.OpClose {
						tc.t.Fatalf("got %v after %v", f, time.Since(start))
					}
				}
				time.Sleep(2 * time.Millisecond)
				tc.wantFrame("the peer is told why", wstest.Close(tt.code, tt.reason))
				err := read.wait()
				tc.want("Read", err, websocket.ErrTimeout)
				if got := websocket.CloseStatus(err); got != tt.code {
					tc.t.Errorf("CloseStatus(%v) = %d, want %d", err, got, tt.code)
				}
				peer.wait()
			})
		})
	}
}

// TestTheApplicationsTimeIsNotThePeers has the application pause in a message of
// which everything has arrived.
func TestTheApplicationsTimeIsNotThePeers(t *testing.T) {
	for _, tt := range []struct {
		name string
		read func(tc *testConn) error
	}{
		{"before it", func(tc *testConn) error {
			time.Sleep(time.Minute)
			_, _, err := tc.Read(background)
			return err
		}},
		{"in a stream", func(tc *testConn) error {
			_, r, err := tc.Reader(background)
			p := make([]byte, 30_000)
			for err == nil {
				time.Sleep(20 * time.Second)
				_, err = r.Read(p)
			}
			if err.Error() == "EOF" {
				err = nil
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{MessageTimeout: 10 * time.Second, WriteTimeout: -1, PingInterval: -1}, func(tc *testConn) {
				var peer call
				peer.done = make(chan struct{})
				wire := tc.wire(wstest.Binary(make([]byte, 150_000)))
				go func() {
					defer close(peer.done)
					tc.peer.Write(wire[:1])
					time.Sleep(time.Second)
					tc.peer.Write(wire[1:])
				}()
				tc.want("the message is read", tt.read(tc), nil)
				peer.wait()
			})
		})
	}
}

// TestMessageTimeoutCountsPieces has a message trickle that is read piece by piece: each
// piece is in time, the message is not. Only the time counts in which the library waits
// for the peer.
func TestMessageTimeoutCountsPieces(t *testing.T) {
	const limit = 10 * time.Second
	for _, tt := range []struct {
		name string
		read func(tc *testConn) error
		took time.Duration
	}{
		{"as a stream", func(tc *testConn) error {
			_, err := readStream(tc.Conn, background)
			return err
		}, limit},
		// A piece comes every second: half of that the application takes.
		{"as a stream, in no hurry", func(tc *testConn) error {
			_, r, err := tc.Reader(background)
			for p := make([]byte, 10); err == nil; time.Sleep(500 * time.Millisecond) {
				_, err = r.Read(p)
			}
			return err
		}, 2 * limit},
		// The library reads ahead from a second after a read on.
		{"now and then", func(tc *testConn) error {
			for {
				ctx, cancel := context.WithTimeout(background, time.Millisecond)
				_, _, err := tc.Read(ctx)
				cancel()
				if err == nil || !errors.Is(err, context.DeadlineExceeded) {
					return err
				}
				time.Sleep(3 * time.Second)
			}
		}, 10 * limit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{MessageTimeout: limit, PingInterval: -1}, func(tc *testConn) {
				go io.Copy(io.Discard, tc.peer)
				start := time.Now()
				peer := begin(func() error {
					_, err := tc.peer.Write(tc.wire(wstest.Text("begun").More()))
					for ; err == nil; time.Sleep(time.Second) {
						_, err = tc.peer.Write(tc.wire(wstest.Continuation("goes on").More()))
					}
					return err
				})
				err := tt.read(tc)
				tc.want("the message takes too long", err, websocket.ErrTimeout)
				if got := websocket.CloseStatus(err); got != websocket.StatusPolicyViolation {
					tc.t.Errorf("CloseStatus(%v) = %d, want 1008", err, got)
				}
				if took := time.Since(start); took < limit || took > tt.took+5*time.Second {
					tc.t.Errorf("it took %v, want %v to %v", took, limit, tt.took)
				}
				tc.CloseNow()
				peer.wait()
			})
		})
	}
}

// TestIsTimeout classifies what ends by time.
func TestIsTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(background, 0)
	defer cancel()
	inBothRoles(t, nil, func(tc *testConn) {
		_, _, err := tc.Read(ctx)
		if e, ok := errors.AsType[interface {
			error
			Timeout() bool
		}](err); !ok || !e.Timeout() {
			tc.t.Errorf("Read() = %v, want a timeout", err)
		}
	})
}
