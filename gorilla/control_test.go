package websocket

import (
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

func roles(t *testing.T, f func(t *testing.T, c *Conn, peer *rawPeer)) {
	t.Helper()
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		t.Run(role.String(), func(t *testing.T) {
			c, peer := raw(t, role, &Upgrader{}, &Dialer{})
			f(t, c, peer)
		})
	}
}

func TestHandlers(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		var got []string
		c.SetPingHandler(func(s string) error { got = append(got, "ping "+s); return nil })
		c.SetPongHandler(func(s string) error { got = append(got, "pong "+s); return nil })
		c.SetCloseHandler(func(code int, s string) error { got = append(got, "close "+s); return nil })
		peer.send(t, final(codec.OpPing), "1")
		peer.send(t, codec.Header{Opcode: codec.OpText}, "te")
		peer.send(t, final(codec.OpPong), "2")
		peer.send(t, final(codec.OpContinuation), "xt")
		peer.send(t, final(codec.OpClose), "\x03\xE8bye")
		wantMessage(t, c, TextMessage, []byte("text"))
		_, _, err := c.ReadMessage()
		if e, ok := err.(*CloseError); !ok || *e != (CloseError{1000, "bye"}) {
			t.Errorf("ReadMessage() = %v, want close 1000: bye", err)
		}
		if want := []string{"ping 1", "pong 2", "close bye"}; !reflect.DeepEqual(got, want) {
			t.Errorf("handlers were called with %q, want %q", got, want)
		}
	})
}

func TestDefaultHandlers(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		peer.send(t, final(codec.OpPong), "unsolicited")
		peer.send(t, final(codec.OpPing), "payload")
		peer.send(t, final(codec.OpClose), "\x0F\xA1why")
		if _, _, err := c.NextReader(); !IsCloseError(err, 4001) {
			t.Errorf("NextReader() = %v, want close 4001", err)
		}
		if h, p := peer.frame(t); h.Opcode != codec.OpPong || string(p) != "payload" {
			t.Errorf("the Ping is answered by %v %q", h.Opcode, p)
		}
		if h, p := peer.frame(t); h.Opcode != codec.OpClose || string(p) != "\x0F\xA1" {
			t.Errorf("the Close frame is answered by %v %q", h.Opcode, p)
		}
		if err := c.WriteMessage(TextMessage, nil); err != ErrCloseSent {
			t.Errorf("WriteMessage after Close = %v, want ErrCloseSent", err)
		}
	})
}

// A default handler can be called from one of the application's, as many do.
func TestDefaultHandlersAreCallable(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		ping, pong, closing := c.PingHandler(), c.PongHandler(), c.CloseHandler()
		if err := errors.Join(ping("p"), pong("q"), closing(CloseNormalClosure, "r")); err != nil {
			t.Errorf("default handlers: %v", err)
		}
		if h, p := peer.frame(t); h.Opcode != codec.OpPong || string(p) != "p" {
			t.Errorf("the default Ping handler sent %v %q", h.Opcode, p)
		}
		peer.wantClose(t, CloseNormalClosure)
		if err := ping("late"); err != nil {
			t.Errorf("the default Ping handler after Close = %v, want nil", err)
		}
		own := func(string) error { return io.ErrNoProgress }
		c.SetPingHandler(own)
		c.SetPongHandler(own)
		c.SetCloseHandler(func(int, string) error { return io.ErrNoProgress })
		if c.PingHandler()("") != io.ErrNoProgress || c.PongHandler()("") != io.ErrNoProgress || c.CloseHandler()(0, "") != io.ErrNoProgress {
			t.Error("the handlers returned are not those that were set")
		}
		c.SetPongHandler(nil)
		if err := c.PongHandler()(""); err != nil {
			t.Errorf("the Pong handler after SetPongHandler(nil) = %v", err)
		}
	})
}

func TestHandlerError(t *testing.T) {
	for _, tt := range []struct {
		name    string
		op      codec.Opcode
		payload string
		set     func(c *Conn)
	}{
		{"Ping", codec.OpPing, "", func(c *Conn) { c.SetPingHandler(func(string) error { return io.ErrNoProgress }) }},
		{"Pong", codec.OpPong, "", func(c *Conn) { c.SetPongHandler(func(string) error { return io.ErrNoProgress }) }},
		{"Close", codec.OpClose, "\x03\xE8", func(c *Conn) { c.SetCloseHandler(func(int, string) error { return io.ErrNoProgress }) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
				tt.set(c)
				peer.send(t, final(tt.op), tt.payload)
				peer.send(t, final(codec.OpText), "behind it")
				for range 3 {
					if _, _, err := c.ReadMessage(); err != io.ErrNoProgress {
						t.Errorf("ReadMessage() = %v, want the handler's error", err)
					}
				}
			})
		})
	}
}

func TestCloseErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, peer *rawPeer)
		want CloseError
		text string
	}{
		{"code and reason", func(t *testing.T, p *rawPeer) { p.send(t, final(codec.OpClose), "\x03\xE9gone") }, CloseError{1001, "gone"}, "websocket: close 1001 (going away): gone"},
		{"no code", func(t *testing.T, p *rawPeer) { p.send(t, final(codec.OpClose), "") }, CloseError{1005, ""}, "websocket: close 1005 (no status)"},
		{"application's code", func(t *testing.T, p *rawPeer) { p.send(t, final(codec.OpClose), "\x13\x87") }, CloseError{4999, ""}, "websocket: close 4999"},
		{"no Close frame", func(t *testing.T, p *rawPeer) { p.Close() }, CloseError{1006, "unexpected EOF"}, "websocket: close 1006 (abnormal closure): unexpected EOF"},
		{"half a header", func(t *testing.T, p *rawPeer) { p.Write([]byte{0x81}); p.Close() }, CloseError{1006, "unexpected EOF"}, "websocket: close 1006 (abnormal closure): unexpected EOF"},
		{"half a message", func(t *testing.T, p *rawPeer) { p.send(t, codec.Header{Opcode: codec.OpText}, "half"); p.Close() }, CloseError{1006, "unexpected EOF"}, "websocket: close 1006 (abnormal closure): unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
				tt.end(t, peer)
				_, _, err := c.ReadMessage()
				e, ok := err.(*CloseError)
				if !ok || *e != tt.want || err.Error() != tt.text {
					t.Fatalf("ReadMessage() = %v, want %q", err, tt.text)
				}
				if !IsCloseError(err, 1, tt.want.Code) || IsCloseError(err, 1) || IsUnexpectedCloseError(err, tt.want.Code) || !IsUnexpectedCloseError(err) {
					t.Errorf("IsCloseError and IsUnexpectedCloseError misjudge %v", err)
				}
				if _, _, again := c.NextReader(); again != err {
					t.Errorf("NextReader() = %v, want the same error again", again)
				}
			})
		})
	}
	if IsCloseError(io.EOF, 1006) || IsUnexpectedCloseError(io.EOF) {
		t.Error("io.EOF is taken for a CloseError")
	}
}

func TestEndlessReadLoopPanics(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		peer.Close()
		defer func() {
			if recover() == nil {
				t.Error("a thousand reads of a failed connection do not panic")
			}
		}()
		for range 1000 {
			c.NextReader()
		}
	})
}

func TestFormatCloseMessage(t *testing.T) {
	for _, tt := range []struct {
		code int
		text string
		want string
	}{
		{1000, "", "\x03\xE8"}, {4000, "why", "\x0F\xA0why"}, {1005, "ignored", ""},
	} {
		if p := FormatCloseMessage(tt.code, tt.text); string(p) != tt.want || p == nil {
			t.Errorf("FormatCloseMessage(%d, %q) = %q, want %q", tt.code, tt.text, p, tt.want)
		}
	}
}

func TestWriteControl(t *testing.T) {
	long := strings.Repeat("x", 126)
	for _, tt := range []struct {
		name        string
		messageType int
		data        string
		ok          bool
	}{
		{"Ping", PingMessage, "p", true},
		{"Pong", PongMessage, long[:125], true},
		{"too long", PingMessage, long, false},
		{"text", TextMessage, "", false},
		{"no type", 11, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
				err := c.WriteControl(tt.messageType, []byte(tt.data), time.Now().Add(patience))
				if (err == nil) != tt.ok {
					t.Errorf("WriteControl() = %v", err)
				}
				if err := c.WriteMessage(tt.messageType, []byte(tt.data)); (err == nil) != tt.ok && tt.messageType != TextMessage {
					t.Errorf("WriteMessage() = %v", err)
				}
				if w, err := c.NextWriter(tt.messageType); err == nil {
					io.WriteString(w, tt.data)
					if err := w.Close(); (err == nil) != tt.ok && tt.messageType != TextMessage {
						t.Errorf("Close of a control message's writer = %v", err)
					}
				}
				for range 3 {
					if !tt.ok {
						break
					}
					if h, p := peer.frame(t); int(h.Opcode) != tt.messageType || string(p) != tt.data || !h.Fin {
						t.Errorf("frame %+v %q", h, p)
					}
				}
			})
		})
	}
}

// A control frame that cannot be sent in time is not sent, and the connection
// goes on.
func TestWriteControlDeadline(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		timesOut := func(when string, deadline time.Time) {
			t.Helper()
			err := c.WriteControl(PingMessage, nil, deadline)
			e, ok := err.(net.Error)
			if !ok || !e.Timeout() || !isTemporary(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: WriteControl() = %v, want a temporary timeout", when, err)
			}
		}
		timesOut("in the past", time.Now().Add(-time.Second))
		written := make(chan error, 1)
		big := make([]byte, 32<<20)
		go func() { written <- c.WriteMessage(BinaryMessage, big) }()
		for c.out.lock.users.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		if c.role == codec.Server { // a client sends such a message in many frames
			timesOut("behind a message", time.Now().Add(10*time.Millisecond))
		}
		for n := 0; n < len(big); {
			h, p := peer.frame(t)
			if h.Opcode == codec.OpBinary || h.Opcode == codec.OpContinuation {
				n += len(p)
			}
		}
		if err := <-written; err != nil {
			t.Errorf("WriteMessage() = %v", err)
		}
		if err := c.WriteControl(PongMessage, nil, time.Time{}); err != nil {
			t.Errorf("WriteControl() without a deadline = %v", err)
		}
	})
}

func TestReadDeadlineMoves(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		c.SetReadDeadline(time.Time{})
		read := make(chan error, 1)
		go func() {
			_, _, err := c.ReadMessage()
			read <- err
		}()
		time.AfterFunc(20*time.Millisecond, func() { c.SetReadDeadline(time.Now()) })
		err := <-read
		e, ok := err.(net.Error)
		if !ok || !e.Timeout() || isTemporary(err) || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ReadMessage() = %v, want a timeout that is not temporary", err)
		}
		c.SetReadDeadline(time.Time{})
		peer.send(t, final(codec.OpText), "too late")
		if _, _, again := c.ReadMessage(); again != err {
			t.Errorf("after a timeout ReadMessage() = %v, want %v", again, err)
		}
		if err := c.WriteMessage(TextMessage, nil); err != nil {
			t.Errorf("after a read has timed out WriteMessage() = %v", err)
		}
	})
}

func TestWriteDeadline(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		c.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		err := c.WriteMessage(BinaryMessage, make([]byte, 32<<20))
		e, ok := err.(net.Error)
		if !ok || !e.Timeout() || isTemporary(err) {
			t.Errorf("WriteMessage() = %v, want a timeout that is not temporary", err)
		}
		c.SetWriteDeadline(time.Time{})
		if again := c.WriteMessage(TextMessage, nil); again != err {
			t.Errorf("after a timeout WriteMessage() = %v, want %v", again, err)
		}
		if again := c.WriteControl(PingMessage, nil, time.Now().Add(patience)); again != err {
			t.Errorf("after a timeout WriteControl() = %v, want %v", again, err)
		}
		if _, again := c.NextWriter(TextMessage); again != err {
			t.Errorf("after a timeout NextWriter() = %v, want %v", again, err)
		}
	})
}

// Close ends calls that block, and a Close frame does not close the connection.
func TestClose(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		if err := c.WriteControl(CloseMessage, FormatCloseMessage(1000, ""), time.Now().Add(patience)); err != nil {
			t.Errorf("WriteControl(Close) = %v", err)
		}
		peer.wantClose(t, 1000)
		peer.send(t, final(codec.OpText), "after our Close")
		wantMessage(t, c, TextMessage, []byte("after our Close"))
		read := make(chan error, 1)
		go func() {
			_, _, err := c.ReadMessage()
			read <- err
		}()
		time.Sleep(10 * time.Millisecond)
		c.Close()
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read that Close has ended = %v, want net.ErrClosed", err)
		}
		if err := c.WriteControl(PingMessage, nil, time.Time{}); err != ErrCloseSent {
			t.Errorf("WriteControl after Close = %v, want ErrCloseSent", err)
		}
	})
}

func TestAddresses(t *testing.T) {
	server, client := pair(t, &Upgrader{}, &Dialer{})
	if server.LocalAddr().String() != client.RemoteAddr().String() || client.LocalAddr().String() != server.RemoteAddr().String() {
		t.Error("the ends disagree about their addresses")
	}
	if nc := server.NetConn(); nc != server.UnderlyingConn() || nc.LocalAddr() != server.LocalAddr() {
		t.Error("NetConn and UnderlyingConn are not the network connection")
	}
}
