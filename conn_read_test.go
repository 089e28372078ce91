package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestReadGoesOnAfterCancel cuts the peer's bytes at every place, and has a read
// wait there that is cancelled: the next one goes on at the same byte.
func TestReadGoesOnAfterCancel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
		want   wstest.Frame
	}{
		{"of one frame", []wstest.Frame{wstest.Text("κόσμε")}, wstest.Text("κόσμε")},
		{"with a length in two bytes", []wstest.Frame{wstest.Binary(wstest.BinaryPayload(130))}, wstest.Binary(wstest.BinaryPayload(130))},
		{"of fragments, a Ping between them",
			[]wstest.Frame{wstest.Text("κό").More(), wstest.Ping("x"), wstest.Continuation("σ").More(), wstest.Continuation("με")}, wstest.Text("κόσμε")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				wire := tc.wire(tt.frames...)
				for cut := range wire {
					ctx, cancel := context.WithCancel(background)
					tc.sendBytes(wire[:cut])
					read := tc.beginRead(ctx)
					if read.returned() {
						tc.t.Fatalf("Read returned %v after %d bytes of %d", read.err, cut, len(wire))
					}
					cancel()
					tc.want("a cancelled read says so", read.wait(), context.Canceled)
					tc.sendBytes(wire[cut:])
					tc.wantMessage(fmt.Sprintf("the message is whole, cut after %d bytes", cut), tt.want)
				}
			})
		})
	}
}

// TestReadGoesOnInALargeMessage does so where payload is read straight into the
// message, and goes on in every other form of reading.
func TestReadGoesOnInALargeMessage(t *testing.T) {
	payload := wstest.TextPayload(200_000)
	for _, tt := range []struct {
		name string
		read func(*websocket.Conn) ([]byte, error)
	}{
		{"Read", func(c *websocket.Conn) ([]byte, error) {
			_, p, err := c.Read(background)
			return p, err
		}},
		{"ReadAppend", func(c *websocket.Conn) ([]byte, error) {
			_, p, err := c.ReadAppend(background, nil)
			return p, err
		}},
		{"Reader", func(c *websocket.Conn) ([]byte, error) { return readStream(c, background) }},
	} {
		for _, silent := range []bool{false, true} {
			name := tt.name + " at once"
			if silent {
				name = tt.name + " after the library has read ahead"
			}
			t.Run(name, func(t *testing.T) {
				inBothRoles(t, nil, func(tc *testConn) {
					wire := tc.wire(wstest.Text(string(payload)))
					half := len(wire) / 2
					ctx, cancel := context.WithCancel(background)
					read := tc.beginRead(ctx)
					tc.sendBytes(wire[:half])
					cancel()
					tc.want("a read is cancelled in the middle of the frame", read.wait(), context.Canceled)
					if silent {
						time.Sleep(1500 * time.Millisecond)
						tc.sendBytes(wire[half : half+1000])
						half += 1000
						synctest.Wait()
					}
					go tc.peer.Write(wire[half:])
					got, err := tt.read(tc.Conn)
					if err != nil || !bytes.Equal(got, payload) {
						tc.t.Fatalf("%s gave %d bytes, %v; want all %d", tt.name, len(got), err, len(payload))
					}
					tc.send(wstest.Text("next"))
					tc.wantMessage("the next message is its own", wstest.Text("next"))
				})
			})
		}
	}
}

func TestReadContext(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		_, _, err := tc.Read(ctx)
		tc.want("a deadline ends the read", err, context.DeadlineExceeded)
		tc.took("at its time", start, time.Second)
		_, _, err = tc.Read(ctx)
		tc.want("and every further one with this context", err, context.DeadlineExceeded)
		tc.send(wstest.Text("late"))
		tc.wantMessage("the connection is whole", wstest.Text("late"))

		ctx, cancel = context.WithTimeout(background, time.Hour)
		for i := range 3 {
			tc.send(wstest.Text("x"))
			if _, _, err := tc.Read(ctx); err != nil {
				tc.t.Fatalf("read %d with the same context: %v", i, err)
			}
		}
		read := tc.beginRead(background)
		cancel()
		if read.returned() {
			tc.t.Fatalf("the context of an earlier read ended this one: %v", read.err)
		}
		tc.send(wstest.Text("y"))
		tc.want("it goes on", read.wait(), nil)

		for i := range 3 {
			ctx, cancel := context.WithCancel(background)
			read := tc.beginRead(ctx)
			cancel()
			tc.want(fmt.Sprintf("cancelling context %d ends its read", i), read.wait(), context.Canceled)
			tc.send(wstest.Text("z"))
			tc.wantMessage("reading goes on", wstest.Text("z"))
		}

		ctx, cancel = context.WithCancel(background)
		tc.send(wstest.Text("1"), wstest.Text("2"))
		if _, _, err := tc.Read(ctx); err != nil {
			tc.t.Fatal(err)
		}
		cancel() // between two reads
		synctest.Wait()
		_, _, err = tc.Read(ctx)
		tc.want("the next read with it fails, although a message waits", err, context.Canceled)
		tc.wantMessage("which another context gets", wstest.Text("2"))
	})
}

func TestConcurrentReadIsRefused(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		read := tc.beginRead(background)
		_, _, err := tc.Read(background)
		tc.want("a second Read is refused", err, websocket.ErrConcurrentRead)
		_, _, err = tc.ReadAppend(background, nil)
		tc.want("a second ReadAppend is refused", err, websocket.ErrConcurrentRead)
		_, _, err = tc.Reader(background)
		tc.want("a second Reader is refused", err, websocket.ErrConcurrentRead)
		tc.want("Serve is refused", tc.Serve(forms["events"]), websocket.ErrConcurrentRead)
		tc.send(wstest.Text("x"))
		tc.want("the first one goes on", read.wait(), nil)
	})
}

// TestPayloadIsValidUntilTheNextRead watches payloads while the library reads in
// the application's place, or the connection ends. With the tag poison, a
// buffer that was given back shows.
func TestPayloadIsValidUntilTheNextRead(t *testing.T) {
	long := string(wstest.TextPayload(100_000))
	for _, tt := range []struct {
		name    string
		message []wstest.Frame
		want    string
	}{
		{"in the receive buffer", []wstest.Frame{wstest.Text("kept")}, "kept"},
		{"of fragments", []wstest.Frame{wstest.Text("ke").More(), wstest.Continuation("pt")}, "kept"},
		{"large", []wstest.Frame{wstest.Text(long)}, long},
	} {
		for _, after := range []struct {
			name string
			do   func(*testConn)
		}{
			{"more frames come", func(tc *testConn) { tc.send(wstest.Ping("1"), wstest.Text("other")) }},
			{"the library reads ahead", func(tc *testConn) {
				time.Sleep(2 * time.Second)
				tc.send(wstest.Ping("1"), wstest.Text("other"))
				time.Sleep(2 * time.Second)
			}},
			{"CloseNow", func(tc *testConn) { tc.CloseNow() }},
			{"Close", func(tc *testConn) {
				tc.send(wstest.Text("unread"), wstest.Close(1000, ""))
				tc.peer.CloseWrite()
				tc.Close(websocket.StatusNormalClosure, "")
			}},
		} {
			t.Run(tt.name+", "+after.name, func(t *testing.T) {
				inBothRoles(t, nil, func(tc *testConn) {
					go tc.peer.Write(tc.wire(tt.message...))
					_, p, err := tc.Read(background)
					if err != nil || string(p) != tt.want {
						tc.t.Fatalf("Read() = %d bytes, %v; want %d", len(p), err, len(tt.want))
					}
					after.do(tc)
					synctest.Wait()
					if string(p) != tt.want {
						tc.t.Errorf("the payload has changed: %.20q…", p)
					}
				})
			})
		}
	}
}

func TestReadErrorsAreFinal(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*testConn)
		want func(error) bool
	}{
		{"the peer's Close frame", func(tc *testConn) {
			tc.send(wstest.Close(4000, "why"))
			tc.peer.CloseWrite()
		}, func(err error) bool { return websocket.CloseStatus(err) == 4000 }},
		{"a violation", func(tc *testConn) {
			tc.send(wstest.Reserved(3, ""))
			tc.peer.CloseWrite()
		}, func(err error) bool { return isViolation(err, codec.ErrReservedOpcode) }},
		{"the end of the stream", func(tc *testConn) { tc.peer.Close() },
			func(err error) bool { return websocket.CloseStatus(err) == websocket.StatusAbnormalClosure }},
		{"CloseNow", func(tc *testConn) { tc.CloseNow() }, isClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				tt.end(tc)
				_, _, first := tc.Read(background)
				if !tt.want(first) {
					tc.t.Fatalf("Read() = %v", first)
				}
				_, _, again := tc.Read(background)
				tc.want("Read repeats it", again, first)
				dst, want := []byte("dst"), "dst"
				_, dst, again = tc.ReadAppend(background, dst)
				tc.want("ReadAppend repeats it", again, first)
				if string(dst) != want {
					tc.t.Errorf("ReadAppend changed dst to %q", dst)
				}
				_, _, again = tc.Reader(background)
				tc.want("Reader repeats it", again, first)
				for m, err := range tc.Messages(background) {
					tc.want("Messages repeats it", err, first)
					if m.Payload != nil {
						tc.t.Errorf("Messages gave %q with an error", m.Payload)
					}
				}
			})
		})
	}
}

func TestReadAppend(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.send(wstest.Text("one"), wstest.Binary(nil), wstest.Text("t").More(), wstest.Continuation("wo"))
		dst := []byte("0")
		for _, want := range []struct {
			op  websocket.Opcode
			dst string
		}{{websocket.OpText, "0one"}, {websocket.OpBinary, "0one"}, {websocket.OpText, "0onetwo"}} {
			op, got, err := tc.ReadAppend(background, dst)
			if op != want.op || string(got) != want.dst || err != nil {
				tc.t.Fatalf("ReadAppend(%q) = %v, %q, %v; want %v, %q", dst, op, got, err, want.op, want.dst)
			}
			dst = got
		}
		// What is left of a message that was copied out must not mix with the next.
		large := wstest.TextPayload(60_000)
		go tc.peer.Write(tc.wire(wstest.Text(string(large))))
		if _, got, err := tc.ReadAppend(background, nil); err != nil || !bytes.Equal(got, large) {
			tc.t.Fatalf("ReadAppend() = %d bytes, %v; want %d", len(got), err, len(large))
		}
		time.Sleep(2 * time.Second) // the library reads in its place
		next := tc.wire(wstest.Text(string(large)))
		header := len(next) - len(large)
		tc.sendBytes(next[:header])
		synctest.Wait()
		go tc.peer.Write(next[header:])
		time.Sleep(time.Second)
		if _, got, err := tc.ReadAppend(background, nil); err != nil || !bytes.Equal(got, large) {
			tc.t.Fatalf("ReadAppend() = %d bytes, %v; want %d", len(got), err, len(large))
		}
	})
}

func TestMessages(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.send(wstest.Text("a"), wstest.Binary([]byte("b")), wstest.Text(""))
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		var got []string
		for m, err := range tc.Messages(ctx) {
			if err != nil {
				got = append(got, err.Error())
				continue
			}
			got = append(got, m.Opcode.String()+" "+string(m.Payload))
		}
		want := `["text a" "binary b" "text " "context deadline exceeded"]`
		if fmt.Sprintf("%q", got) != want {
			tc.t.Errorf("Messages() = %q, want %s", got, want)
		}
		tc.send(wstest.Text("c"), wstest.Text("d"))
		for m, err := range tc.Messages(background) {
			if string(m.Payload) != "c" || err != nil {
				tc.t.Errorf("Messages() = %q, %v; want c", m.Payload, err)
			}
			break
		}
		tc.wantMessage("a loop that was left took one message alone", wstest.Text("d"))
	})
}

// A message that stops half-way for longer than a connection stays busy goes on.
func TestMessageWithALongPause(t *testing.T) {
	t.Parallel()
	addr := serve(t, &websocket.Server{Handler: forms["events"]})
	for name, stream := range map[string][]wstest.Frame{
		"within a frame":    {wstest.Text("half and half")},
		"between fragments": {{Opcode: websocket.OpText, Payload: []byte("half")}, {Fin: true, Payload: []byte(" and half")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nc := upgraded(t, addr)
			defer nc.Close()
			var wire []byte
			for _, f := range stream {
				wire = f.AppendMasked(wire, wstest.RFCKey)
			}
			nc.Write(wire[:len(wire)/2])
			time.Sleep(1200 * time.Millisecond) // the server's clock runs
			nc.Write(wire[len(wire)/2:])
			nc.SetReadDeadline(time.Now().Add(patience))
			want := wstest.Text("half and half").Append(nil)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(nc, got); err != nil || !bytes.Equal(got, want) {
				t.Errorf("the echo is %q, %v; want %q", got, err, want)
			}
		})
	}
}

// TestReadOutlivesDeadlinesOfOthers: a deadline that the application has set by mistake on
// the underlying connection wakes a read once; it neither ends the read nor keeps it busy.
func TestReadOutlivesDeadlinesOfOthers(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		read := tc.beginRead(background)
		tc.NetConn().SetReadDeadline(time.Now())
		synctest.Wait()
		tc.send(wstest.Text("x"))
		tc.want("Read", read.wait(), nil)
	})
}

// TestLongestLimits sets every limit, and the timeout of a context, to the longest
// duration: nothing expires.
func TestLongestLimits(t *testing.T) {
	t.Parallel()
	const longest = time.Duration(math.MaxInt64)
	opts := websocket.Options{
		HandshakeTimeout: longest, MessageTimeout: longest, IdleTimeout: longest, PingInterval: longest,
		PongTimeout: longest, WriteTimeout: longest, CloseTimeout: longest, FlushDelay: longest,
	}
	addr := serve(t, &websocket.Server{Handler: forms["events"], Options: opts})
	ctx, cancel := context.WithTimeout(background, longest)
	defer cancel()
	c, err := websocket.Dial(ctx, "ws://"+addr, &websocket.DialOptions{Options: opts})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	for range 2 {
		if err := c.Write(ctx, websocket.OpText, []byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "x" {
			t.Fatalf("Read() = %q, %v", p, err)
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("Close() = %v", err)
	}
}
