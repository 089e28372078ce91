package relay

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// withFilter gives a proxy the filter of testdata.
func withFilter(t *testing.T, ended context.CancelCauseFunc) func(p *proxy) {
	return func(p *proxy) {
		f, err := startFilter("exec python3 testdata/filter.py", ended)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.stop)
		p.filter, p.to.sifted = f, true
	}
}

// filtered starts a proxy with a filter in front of an echo, and connects through it. It
// returns the connection, behind the filter's greeting, the rig, and what the filter ends.
func filtered(t *testing.T) (*websocket.Conn, *rig, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	ln := listen(t)
	echoServer(t, ln)
	r, addr := serveProxy(t, "ws://"+ln.Addr().String(), withFilter(t, cancel))
	c, err := websocket.Dial(t.Context(), "ws://"+addr+"/room?x=1", &websocket.DialOptions{Options: websocket.Options{Compression: &websocket.Compression{}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	if _, p, err := c.Read(ctx); string(p) != "welcome to /room?x=1" {
		t.Fatalf("the client got %q, %v, want the filter's greeting (needs python3)", p, err)
	}
	return c, r, ctx
}

// TestFilter sends messages through a filter to an echo.
func TestFilter(t *testing.T) {
	c, _, _ := filtered(t)
	long := strings.Repeat("long ", 40000)
	tests := []struct {
		send string
		want []string // the messages that come
	}{
		{"hello", []string{"text hello"}},
		{"drop", nil},
		{"shout", []string{"text SHOUT"}},
		{"binary", []string{"binary \x00\x01\xff"}},
		{long, []string{"text " + long}},
		{"slow", []string{"text slow"}},
		{"", []string{"text "}},
	}
	for _, tt := range tests {
		t.Run(tt.send[:min(len(tt.send), 10)], func(t *testing.T) {
			began := time.Now()
			if err := c.Write(t.Context(), websocket.OpText, []byte(tt.send)); err != nil {
				t.Fatal(err)
			}
			var got []string
			for range tt.want {
				op, p, err := c.Read(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprintf("%s %s", op, p))
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%.20q came back as %.100q, want %.100q", tt.send, got, tt.want)
			}
			if took := time.Since(began); tt.send == "slow" && took < 300*time.Millisecond {
				t.Errorf("%q came back after %v, want at least 300 ms", tt.send, took)
			}
		})
	}
	c.Write(t.Context(), websocket.OpText, []byte("twice"))
	got := map[string]bool{}
	for range 2 {
		_, p, err := c.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got[string(p)] = true
	}
	if !got["first"] || !got["twice"] {
		t.Errorf(`"twice" came back as %v, want it and the filter's "first"`, got)
	}
	c.Write(t.Context(), websocket.OpBinary, []byte{0xFF, 0})
	if op, p, err := c.Read(t.Context()); op != websocket.OpBinary || string(p) != "\xff\x00" {
		t.Errorf("a binary message came back as %s % x, %v", op, p, err)
	}
	if err := c.Close(4002, "bye"); err != nil {
		t.Errorf("Close through a filter: %v", err)
	}
}

// TestFilterThatEnds has the filter end, or write what is no JSON: nothing passes any
// more.
func TestFilterThatEnds(t *testing.T) {
	tests := []struct{ send, want string }{
		{"end", "the filter has ended\nexit status 3"},
		{"nonsense", "the filter has ended\na line that is not as it should be: invalid character 'o' in literal null (expecting 'u')"},
	}
	for _, tt := range tests {
		t.Run(tt.send, func(t *testing.T) {
			c, r, ctx := filtered(t)
			c.Write(t.Context(), websocket.OpText, []byte(tt.send))
			<-ctx.Done()
			if err := context.Cause(ctx); err.Error() != tt.want {
				t.Errorf("the filter ended with %q, want %q", err, tt.want)
			}
			r.stop() // as the command does
			if op, p, err := c.Read(t.Context()); err == nil {
				t.Errorf("the client got %s %q without the filter", op, p)
			}
		})
	}
}

// TestFilterSeesWholeMessages sends fragments with a Ping in between, and then what
// breaks a rule.
func TestFilterSeesWholeMessages(t *testing.T) {
	ln := listen(t)
	_, addr := serveProxy(t, "ws://"+ln.Addr().String(), withFilter(t, func(error) {}))
	client := dial(t, addr)
	client.send(request + extended + "\r\n")
	server := accept(t, ln)
	if head := server.head(); strings.Contains(head, "permessage-deflate") {
		t.Errorf("the server got\n%s\nwant no offer of compression", head)
	}
	server.send(response + "\r\n")
	client.want(response + "\r\n" + frame(fromServer, codec.OpText, true, 0, "welcome to /room?x=1"))
	server.send(frame(fromServer, codec.OpText, false, 0, "Hel") + frame(fromServer, codec.OpPing, true, 0, "p") + frame(fromServer, codec.OpContinuation, true, 0, "lo"))
	client.want(frame(fromServer, codec.OpPing, true, 0, "p") + frame(fromServer, codec.OpText, true, 0, "Hello"))
	server.send("\x83\x01A and more")
	client.want("\x83\x01A and more")
}
