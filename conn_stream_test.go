package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// readStream reads a message as a stream.
func readStream(c *websocket.Conn, ctx context.Context) ([]byte, error) {
	_, r, err := c.Reader(ctx)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// isViolation reports whether err is the violation v.
func isViolation(err error, v codec.Violation) bool {
	got, ok := errors.AsType[codec.Violation](err)
	return ok && got == v
}

func isClosed(err error) bool { return errors.Is(err, websocket.ErrClosed) }

func TestReader(t *testing.T) {
	long := wstest.BinaryPayload(300_000)
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
		want   []byte
	}{
		{"empty", []wstest.Frame{wstest.Text("")}, nil},
		{"one frame", []wstest.Frame{wstest.Text("one")}, []byte("one")},
		{"fragments, empty ones and Pings among them", []wstest.Frame{
			wstest.Text("").More(), wstest.Continuation("on").More(), wstest.Ping(""),
			wstest.Continuation("").More(), wstest.Continuation("e").More(), wstest.Continuation(""),
		}, []byte("one")},
		{"large", []wstest.Frame{wstest.Binary(long)}, long},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				go tc.peer.Write(tc.wire(append(tt.frames, wstest.Text("next"))...))
				op, r, err := tc.Reader(background)
				if err != nil || op != tt.frames[0].Opcode {
					tc.t.Fatalf("Reader() = %v, %v; want %v", op, err, tt.frames[0].Opcode)
				}
				got, err := io.ReadAll(r)
				if err != nil || !bytes.Equal(got, tt.want) {
					tc.t.Fatalf("the stream gave %d bytes, %v; want %d", len(got), err, len(tt.want))
				}
				tc.wantMessage("the next message follows", wstest.Text("next"))
				if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
					tc.t.Errorf("Read() of a stream that was read to its end = %d, %v; want EOF", n, err)
				}
			})
		})
	}
}

func TestStreamIsSkippedWhenLeft(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames []wstest.Frame
	}{
		{"in a frame", []wstest.Frame{wstest.Text("abcdef")}},
		{"in fragments", []wstest.Frame{wstest.Text("abc").More(), wstest.Ping(""), wstest.Continuation("def").More(), wstest.Continuation("ghi")}},
		{"in a large frame", []wstest.Frame{wstest.Binary(wstest.BinaryPayload(150_000))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				go tc.peer.Write(tc.wire(append(tt.frames, wstest.Text("next"))...))
				_, r, err := tc.Reader(background)
				if err != nil {
					tc.t.Fatal(err)
				}
				if _, err := io.ReadFull(r, make([]byte, 2)); err != nil {
					tc.t.Fatal(err)
				}
				tc.wantMessage("Read skips what is left", wstest.Text("next"))
				if n, err := r.Read(make([]byte, 8)); n != 0 || err == nil || err == io.EOF {
					tc.t.Errorf("Read() of the stream that was left = %d, %v; want an error that is not io.EOF", n, err)
				}
			})
		})
	}
}

// TestStreamHasNoGap leaves a stream for a read that is cancelled while it skips:
// what comes of the stream afterwards would lack a part.
func TestStreamHasNoGap(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		tc.send(wstest.Text("abc").More(), wstest.Continuation("def").More())
		_, r, err := tc.Reader(background)
		if err != nil {
			tc.t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		_, _, err = tc.Read(ctx)
		tc.want("a read is cancelled in the stream's message", err, context.DeadlineExceeded)
		tc.send(wstest.Continuation("ghi"), wstest.Text("next"))
		if got, err := io.ReadAll(r); err == nil {
			tc.t.Errorf("the stream gave %q without an error", got)
		}
		tc.wantMessage("the next message is whole", wstest.Text("next"))
	})
}

func TestReaderContext(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		ctx, cancel := context.WithCancel(background)
		tc.send(wstest.Text("abc").More())
		_, r, err := tc.Reader(ctx)
		if err != nil {
			tc.t.Fatal(err)
		}
		p := make([]byte, 8)
		if n, err := r.Read(p); string(p[:n]) != "abc" || err != nil {
			tc.t.Fatalf("Read() = %q, %v; want abc", p[:n], err)
		}
		read := begin(func() error {
			_, err := r.Read(p)
			return err
		})
		cancel()
		tc.want("the context ends a read of the stream", read.wait(), context.Canceled)
		_, err = r.Read(p)
		tc.want("and every further one", err, context.Canceled)
		tc.send(wstest.Continuation("def"), wstest.Text("next"))
		tc.wantMessage("the connection goes on", wstest.Text("next"))
	})
}

// TestStreamSurvivesReadingAhead has the application pause in a stream.
func TestStreamSurvivesReadingAhead(t *testing.T) {
	payload := wstest.BinaryPayload(250_000)
	inBothRoles(t, nil, func(tc *testConn) {
		go tc.peer.Write(tc.wire(wstest.Binary(payload[:100]).More(), wstest.Ping(""), wstest.Continuation(string(payload[100:]))))
		_, r, err := tc.Reader(background)
		if err != nil {
			tc.t.Fatal(err)
		}
		var got []byte
		p := make([]byte, 10_000)
		for err == nil {
			var n int
			n, err = r.Read(p)
			got = append(got, p[:n]...)
			time.Sleep(1300 * time.Millisecond)
		}
		if err != io.EOF || !bytes.Equal(got, payload) {
			tc.t.Fatalf("the stream gave %d bytes, %v; want %d", len(got), err, len(payload))
		}
	})
}

func TestWriterSendsFragments(t *testing.T) {
	const fragment = 16 << 10
	payload := wstest.TextPayload(2*fragment + 10)
	inBothRoles(t, nil, func(tc *testConn) {
		s, err := tc.Writer(background, websocket.OpText)
		if err != nil {
			tc.t.Fatal(err)
		}
		for part := range bytes.SplitAfterSeq(payload, []byte("e")) {
			if n, err := s.Write(part); n != len(part) || err != nil {
				tc.t.Fatalf("Write(%d bytes) = %d, %v", len(part), n, err)
			}
		}
		other := begin(func() error { return tc.Write(background, websocket.OpText, []byte("other")) })
		tc.wantFrame("the first fragment leaves while the message is written", wstest.Text(string(payload[:fragment])).More())
		tc.wantFrame("the second follows", wstest.Continuation(string(payload[fragment:2*fragment])).More())
		tc.send(wstest.Ping("x"))
		read := tc.beginRead(background)
		tc.wantFrame("a Ping is answered between fragments", wstest.Pong("x"))
		tc.wantIdle("the rest waits for more")
		if other.returned() {
			tc.t.Fatalf("another message did not wait: %v", other.err)
		}
		tc.want("Close ends the message", s.Close(), nil)
		tc.wantFrame("with the last fragment", wstest.Continuation(string(payload[2*fragment:])))
		tc.want("the other message may go", other.wait(), nil)
		tc.wantFrame("behind it", wstest.Text("other"))
		if n, err := s.Write([]byte("x")); n != 0 || err == nil {
			tc.t.Errorf("Write after Close = %d, %v; want an error", n, err)
		}
		if err := s.Close(); err == nil {
			tc.t.Error("a second Close gave no error")
		}
		tc.send(wstest.Text("x"))
		tc.want("reading was not disturbed", read.wait(), nil)

		s, _ = tc.Writer(background, websocket.OpBinary)
		tc.want("a stream without a byte ends", s.Close(), nil)
		tc.wantFrame("as an empty message", wstest.Binary(nil))
		_, err = tc.Writer(background, websocket.Opcode(9))
		tc.want("a control frame is no message", err, websocket.ErrMessageType)
	})
}

func TestWritersTakeTurns(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		first, err := tc.Writer(background, websocket.OpText)
		if err != nil {
			tc.t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(background)
		second := begin(func() error {
			_, err := tc.Writer(ctx, websocket.OpText)
			return err
		})
		cancel()
		tc.want("waiting for a stream ends with its context", second.wait(), context.Canceled)
		write := begin(func() error { return tc.Write(background, websocket.OpText, nil) })
		closing := begin(func() error { return tc.Close(websocket.StatusGoingAway, "") })
		tc.wantFrame("a Close frame does not wait for the stream", wstest.Close(1001, ""))
		tc.want("who waited to write is told", write.wait(), websocket.ErrClosed)
		_, err = fmt.Fprint(first, "x")
		tc.want("the stream takes bytes", err, nil)
		tc.want("and cannot send them", first.Close(), websocket.ErrClosed)
		tc.send(wstest.Close(1001, ""))
		tc.peer.CloseWrite()
		tc.want("the closing handshake completes", closing.wait(), nil)
		tc.wantClosed("without a further frame")
	})
}

// TestAbandonedWriter gives up a message of which a part is on its way.
func TestAbandonedWriter(t *testing.T) {
	inBothRoles(t, &websocket.Options{MaxPending: 1 << 10}, func(tc *testConn) {
		large := wstest.Binary(wstest.BinaryPayload(100_000))
		stuck := begin(func() error { return tc.Write(background, websocket.OpBinary, large.Payload) })
		ctx, cancel := context.WithCancel(background)
		s, err := tc.Writer(ctx, websocket.OpBinary)
		if err != nil {
			tc.t.Fatal(err)
		}
		n := -1
		write := begin(func() (err error) {
			n, err = s.Write(make([]byte, 3*(16<<10)))
			return err
		})
		if stuck.returned() || write.returned() {
			tc.t.Fatalf("a write did not wait for the peer: %v, %v", stuck.err, write.err)
		}
		cancel()
		tc.want("the context ends the waiting", write.wait(), context.Canceled)
		if n != 2*(16<<10) {
			tc.t.Errorf("Write() took %d bytes, want %d", n, 2*(16<<10))
		}
		tc.want("Close tells that the message did not leave", s.Close(), context.Canceled)
		tc.want("nothing can follow it", tc.Write(background, websocket.OpText, nil), websocket.ErrClosed)
		tc.wantFrame("the message before it is whole", large)
		tc.wantFrame("a part of it was sent", wstest.Binary(make([]byte, 16<<10)).More())
		tc.wantClose("so the connection is closed", websocket.StatusInternalError)
		tc.want("the message before it", stuck.wait(), nil)
	})
}

// TestWriterGivenUpBeforeItsFirstFragment leaves no trace.
func TestWriterGivenUpBeforeItsFirstFragment(t *testing.T) {
	inBothRoles(t, &websocket.Options{MaxPending: 1 << 10}, func(tc *testConn) {
		large := wstest.Binary(wstest.BinaryPayload(100_000))
		stuck := begin(func() error { return tc.Write(background, websocket.OpBinary, large.Payload) })
		tc.want("a message waits", tc.Write(background, websocket.OpText, make([]byte, 2<<10)), nil)
		ctx, cancel := context.WithCancel(background)
		s, err := tc.Writer(ctx, websocket.OpBinary)
		if err != nil {
			tc.t.Fatal(err)
		}
		write := begin(func() error {
			_, err := s.Write(make([]byte, 20_000))
			return err
		})
		cancel()
		tc.want("the context ends the waiting", write.wait(), context.Canceled)
		tc.want("and the message", s.Close(), context.Canceled)
		tc.wantFrame("what was sent before it comes", large)
		tc.wantFrame("all of it", wstest.Text(string(make([]byte, 2<<10))))
		tc.want("the connection is whole", tc.Write(background, websocket.OpText, []byte("next")), nil)
		tc.wantFrame("and goes on", wstest.Text("next"))
		tc.want("as does who was stuck", stuck.wait(), nil)
	})
}

// TestServeSkipsTheRestOfAReader: a Handler that takes the connection over from a Reader
// left in the middle gets whole messages.
func TestServeSkipsTheRestOfAReader(t *testing.T) {
	for name, serve := range map[string]func(*websocket.Conn, websocket.Handler){
		"Serve": func(c *websocket.Conn, h websocket.Handler) { go c.Serve(h) },
		"Start": func(c *websocket.Conn, h websocket.Handler) { c.Start(h) },
	} {
		t.Run(name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				tc.send(wstest.Text("one ").More(), wstest.Continuation("two ").More())
				_, r, err := tc.Reader(background)
				tc.want("Reader", err, nil)
				_, err = r.Read(make([]byte, 1))
				tc.want("its Read", err, nil)
				serve(tc.Conn, forms["events"])
				synctest.Wait()
				tc.send(wstest.Continuation("three"), wstest.Text("next"))
				tc.wantFrame("the echo of the next message", wstest.Text("next"))
			})
		})
	}
}
