package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// netConn is a NetConn under test, with the testConn below it.
func (tc *testConn) netConn() net.Conn { return websocket.NetConn(tc.Conn, websocket.OpBinary) }

// wantRead checks that one Read returns these bytes.
func (tc *testConn) wantRead(sentence string, nc net.Conn, size int, want string) {
	tc.t.Helper()
	p := make([]byte, size)
	if n, err := nc.Read(p); err != nil || string(p[:n]) != want {
		tc.t.Fatalf("%s:\nRead() = %q, %v\n  want   %q", sentence, p[:n], err, want)
	}
}

func TestNetConnReadsAcrossMessages(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		tc.send(wstest.Binary([]byte("hello")), wstest.Binary([]byte("")), wstest.Binary([]byte("")), wstest.Binary([]byte(" world")))
		tc.wantRead("a Read takes no more than it has room for", nc, 4, "hell")
		tc.wantRead("the next Read returns the rest of the message", nc, 4, "o")
		tc.wantRead("empty messages are skipped", nc, 100, " world")

		tc.send(wstest.Binary([]byte("ab")), wstest.Binary([]byte("cd")))
		p := make([]byte, 4)
		if _, err := io.ReadFull(nc, p); err != nil || string(p) != "abcd" {
			tc.t.Errorf("ReadFull() = %q, %v; want two messages in one", p, err)
		}
	})
}

func TestNetConnWritesOneMessagePerCall(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		p := []byte("first")
		for _, want := range []string{"first", "", "third"} {
			p = append(p[:0], want...)
			if n, err := nc.Write(p); n != len(want) || err != nil {
				tc.t.Fatalf("Write(%q) = %d, %v", want, n, err)
			}
		}
		tc.wantFrame("a Write is a message", wstest.Binary([]byte("first")))
		tc.wantFrame("an empty Write is none, and what was written stays as it was", wstest.Binary([]byte("third")))
		tc.wantIdle("nothing else is sent")
	})
}

// TestNetConnEnds is the table of what a Read returns at the end of a connection.
func TestNetConnEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*testConn)
		want error // of Read, in the sense of errors.Is
		code websocket.StatusCode
	}{
		{"normal closure", func(tc *testConn) { tc.send(wstest.Close(1000, "")) }, io.EOF, 0},
		{"going away", func(tc *testConn) { tc.send(wstest.Close(1001, "bye")) }, io.EOF, 0},
		{"no status", func(tc *testConn) { tc.send(wstest.Frame{Fin: true, Opcode: 8}) }, nil, 1005},
		{"internal error", func(tc *testConn) { tc.send(wstest.Close(1011, "")) }, nil, 1011},
		{"no Close frame", func(tc *testConn) { tc.peer.Close() }, io.ErrUnexpectedEOF, 0},
		{"CloseNow", func(tc *testConn) { tc.CloseNow() }, net.ErrClosed, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, nil, func(tc *testConn) {
				nc := tc.netConn()
				tc.send(wstest.Binary([]byte("last")))
				tt.end(tc)
				if !errors.Is(tt.want, net.ErrClosed) {
					tc.wantRead("what came before the end is read", nc, 100, "last")
				}
				for range 2 {
					n, err := nc.Read(make([]byte, 100))
					if tt.want == io.EOF && err != io.EOF || n != 0 || err == nil {
						tc.t.Fatalf("Read() = %d, %v; want 0, %v", n, err, tt.want)
					}
					if tt.code != 0 {
						tc.wantCloseError("the error has the peer's code", err, tt.code)
					} else {
						tc.want("a Read at the end", err, tt.want)
					}
				}
			})
		})
	}
}

// TestNetConnThatThisEndpointEnds checks that a connection which a limit has ended is no
// end of the stream, though its code is that of one.
func TestNetConnThatThisEndpointEnds(t *testing.T) {
	inBothRoles(t, &websocket.Options{IdleTimeout: time.Second}, func(tc *testConn) {
		nc := tc.netConn()
		read := begin(func() error {
			_, err := nc.Read(make([]byte, 100))
			return err
		})
		time.Sleep(1100 * time.Millisecond)
		tc.wantClose("IdleTimeout closes the connection", websocket.StatusGoingAway)
		tc.send(wstest.Close(1001, ""))
		tc.peer.Close()
		tc.want("a Read ends with the cause", read.wait(), websocket.ErrTimeout)
	})
}

func TestNetConnRefusesTheOtherType(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		tc.send(wstest.Text("text"), wstest.Binary([]byte("behind")))
		read := begin(func() error {
			_, err := nc.Read(make([]byte, 100))
			return err
		})
		tc.wantClose("a text message in a binary stream closes the connection", websocket.StatusUnsupportedData)
		tc.send(wstest.Close(1003, ""))
		tc.peer.Close()
		if err := read.wait(); err == nil || !strings.Contains(err.Error(), "text") {
			tc.t.Errorf("Read() = %v, want an error that names the type", err)
		}
		if n, err := nc.Read(make([]byte, 100)); n != 0 || err != read.err {
			tc.t.Errorf("a later Read() = %d, %v; want the same error, because the stream has a gap", n, err)
		}
	})
	defer func() {
		if recover() == nil {
			t.Error("NetConn takes a type that is no message's")
		}
	}()
	websocket.NetConn(nil, 9)
}

// TestNetConnDeadlines moves the deadlines of reads, while calls wait and between
// them.
func TestNetConnDeadlines(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc, start := tc.netConn(), time.Now()
		read := func() error {
			_, err := nc.Read(make([]byte, 100))
			return err
		}
		nc.SetReadDeadline(start.Add(time.Minute))
		waiting := begin(read)
		nc.SetReadDeadline(start.Add(2 * time.Second))
		tc.want("a Read ends at the deadline that was moved while it waited", waiting.wait(), os.ErrDeadlineExceeded)
		tc.took("the earlier deadline", start, 2*time.Second)
		tc.want("a Read behind the deadline", read(), os.ErrDeadlineExceeded)
		if e, ok := read().(net.Error); !ok || !e.Timeout() {
			tc.t.Error("the error is no net.Error with a Timeout")
		}

		frame := tc.wire(wstest.Binary([]byte("whole")))
		tc.sendBytes(frame[:len(frame)-2])
		nc.SetReadDeadline(time.Now().Add(time.Second))
		tc.want("a Read ends in the middle of a frame", read(), os.ErrDeadlineExceeded)
		nc.SetReadDeadline(time.Time{})
		waiting = begin(read)
		time.Sleep(10 * time.Second)
		if waiting.returned() {
			tc.t.Fatalf("a Read without a deadline ended: %v", waiting.err)
		}
		nc.SetReadDeadline(time.Now())
		tc.want("a deadline now ends a Read that waits", waiting.wait(), os.ErrDeadlineExceeded)
		nc.SetReadDeadline(time.Now().Add(time.Second))
		tc.sendBytes(frame[len(frame)-2:])
		tc.wantRead("nothing was lost", nc, 100, "whole")

		nc.SetDeadline(time.Now().Add(-time.Second))
		_, err := nc.Write([]byte("late"))
		tc.want("a Write behind the deadline", err, os.ErrDeadlineExceeded)
		nc.SetDeadline(time.Time{})
		if _, err := nc.Write([]byte("in time")); err != nil {
			tc.t.Fatal(err)
		}
		tc.wantFrame("only what was accepted is sent", wstest.Binary([]byte("in time")))
	})
}

// TestNetConnTimedOutWritesAreExact lets a peer take nothing until Writes time out,
// and then everything: it gets the messages of the Writes that succeeded, and no
// other bytes.
func TestNetConnTimedOutWritesAreExact(t *testing.T) {
	for _, size := range []int{1000, 20_000, 100_000} {
		inBothRoles(t, &websocket.Options{WriteTimeout: -1}, func(tc *testConn) {
			nc := tc.netConn()
			var accepted []byte
			write := func() error {
				p := bytes.Repeat([]byte{byte(len(accepted)/size + 1)}, size)
				n, err := nc.Write(p)
				if n != 0 && n != size || (n == size) != (err == nil) {
					tc.t.Fatalf("Write() = %d, %v", n, err)
				}
				accepted = append(accepted, p[:n]...)
				return err
			}
			for range 3 {
				nc.SetWriteDeadline(time.Now().Add(time.Second))
				var err error
				for err == nil {
					err = write()
				}
				tc.want("the peer takes nothing", err, os.ErrDeadlineExceeded)
			}
			nc.SetWriteDeadline(time.Time{})
			done := begin(write)
			if done.returned() {
				tc.t.Fatalf("a Write to a peer that takes nothing returned: %v", done.err)
			}
			var got []byte
			for {
				f, err := tc.frame()
				if err != nil {
					break
				}
				got = append(got, f.Payload...)
			}
			tc.want("the Write that waited", done.wait(), nil)
			if !bytes.Equal(got, accepted) {
				tc.t.Errorf("the peer got %d bytes, want the %d accepted", len(got), len(accepted))
			}
		})
	}
}

func TestNetConnCloses(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		if _, err := nc.Write([]byte("last words")); err != nil {
			tc.t.Fatal(err)
		}
		read := begin(func() error {
			_, err := nc.Read(make([]byte, 100))
			return err
		})
		closing := begin(nc.Close)
		tc.want("Close ends a Read that waits, before the peer answers", read.wait(), net.ErrClosed)
		_, err := nc.Write([]byte("too late"))
		tc.want("a Write after Close", err, net.ErrClosed)
		tc.want("a deadline after Close", nc.SetDeadline(time.Now()), net.ErrClosed)
		tc.want("a second Close", nc.Close(), net.ErrClosed)
		tc.wantFrame("what was written is sent", wstest.Binary([]byte("last words")))
		tc.wantFrame("and then a Close frame", wstest.Close(1000, ""))
		tc.send(wstest.Close(1000, ""))
		tc.peer.Close()
		tc.want("Close returns when the peer has answered", closing.wait(), nil)
	})
}

// TestNetConnReportsFailedWrites checks that a Write after one that could not be
// sent says so, and that Writes which wait are ended by it.
func TestNetConnReportsFailedWrites(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		p, start := make([]byte, 10_000), time.Now()
		var err error
		for err == nil {
			_, err = nc.Write(p)
		}
		tc.want("the peer takes nothing", err, websocket.ErrTimeout)
		tc.took("WriteTimeout", start, 10*time.Second)
		_, again := nc.Write(p)
		tc.want("so does the next one", again, websocket.ErrTimeout)
		nc.Close()
	})
}

// TestNetConnClosesWhileThePeerTakesNothing checks that Close ends within the time
// limits, and ends a Write that waits at once.
func TestNetConnClosesWhileThePeerTakesNothing(t *testing.T) {
	inBothRoles(t, nil, func(tc *testConn) {
		nc := tc.netConn()
		p := make([]byte, 10_000)
		write := begin(func() error {
			for {
				if _, err := nc.Write(p); err != nil {
					return err
				}
			}
		})
		start := time.Now()
		closing := begin(nc.Close)
		if !write.returned() {
			tc.t.Error("Close does not end a Write that waits")
		}
		tc.want("the Write that waited", write.wait(), net.ErrClosed)
		if err := closing.wait(); err == nil || time.Since(start) > 16*time.Second {
			tc.t.Errorf("Close() = %v after %v", err, time.Since(start))
		}
	})
}

// TestNetConnAllocatesNothing counts the allocations of a Write and a Read, on both
// ends of a real socket.
func TestNetConnAllocatesNothing(t *testing.T) {
	if raceEnabled || pool.Poisoned {
		return
	}
	addr := serve(t, &websocket.Server{Handler: websocket.Blocking(func(c *websocket.Conn) {
		nc := websocket.NetConn(c, websocket.OpBinary)
		io.CopyBuffer(struct{ io.Writer }{nc}, struct{ io.Reader }{nc}, make([]byte, 32<<10))
	})})
	for _, tt := range []struct {
		name  string
		size  int
		limit float64
		arm   func(net.Conn)
	}{
		{"16 bytes", 16, 0, func(net.Conn) {}},
		{"16 KiB", 16 << 10, 0, func(net.Conn) {}},
		{"a deadline that is moved", 16, 0, func(nc net.Conn) { nc.SetDeadline(time.Now().Add(time.Hour)) }},
		{"a deadline that has passed before", 16, 20, func(nc net.Conn) {
			nc.SetDeadline(time.Now())
			nc.SetDeadline(time.Now().Add(time.Hour))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := testkit.NewConn(upgraded(t, addr), websocket.RoleClient, websocket.Handshake{}, nil)
			defer c.CloseNow()
			nc := websocket.NetConn(c, websocket.OpBinary)
			p, got := wstest.BinaryPayload(tt.size), make([]byte, tt.size)
			echo := func() {
				tt.arm(nc)
				if _, err := nc.Write(p); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(nc, got); err != nil || !bytes.Equal(got, p) {
					t.Fatalf("ReadFull: %v", err)
				}
			}
			for range 500 {
				echo()
			}
			if n := allocations(500, tt.limit, echo); n > tt.limit {
				t.Errorf("a round trip allocates %v times, want at most %v", n, tt.limit)
			}
		})
	}
}

// TestNetConnCarriesHTTP has net/http serve and make requests over one NetConn.
func TestNetConnCarriesHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := websocket.Pipe(nil)
		ln := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
		ln.conn <- websocket.NetConn(server, websocket.OpBinary)
		srv := &http.Server{
			ReadTimeout: time.Minute,
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, err := io.ReadAll(r.Body); err != nil {
					t.Errorf("the server reads a body: %v", err)
				} else {
					w.Write(body)
				}
			}),
		}
		served := begin(func() error { return srv.Serve(ln) })

		dialled := 0
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			dialled++
			return websocket.NetConn(client, websocket.OpBinary), nil
		}}
		body := wstest.BinaryPayload(300_000)
		for range 3 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://server.example/", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !bytes.Equal(got, body) {
				t.Fatalf("the response has %d bytes, %v; want the %d sent", len(got), err, len(body))
			}
		}
		if dialled != 1 {
			t.Errorf("%d connections were made, want 1", dialled)
		}
		transport.CloseIdleConnections()
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown() = %v", err)
		}
		if err := served.wait(); err != http.ErrServerClosed {
			t.Errorf("Serve() = %v", err)
		}
	})
}

// oneConn is a net.Listener that accepts the connections sent on a channel.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (ln *oneConn) Accept() (net.Conn, error) {
	select {
	case nc := <-ln.conn:
		return nc, nil
	case <-ln.closed:
		return nil, net.ErrClosed
	}
}

func (ln *oneConn) Close() error {
	close(ln.closed)
	return nil
}

func (ln *oneConn) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
