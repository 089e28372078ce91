package conform

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

func newTLSListener(ln net.Listener, config *tls.Config) net.Listener {
	return tls.NewListener(ln, config)
}

func TestTargetRefuses(t *testing.T) {
	tests := []struct {
		name string
		c    Command
		want string
	}{
		{"no URL", Command{}, "which server?"},
		{"no scheme", Command{URL: "localhost:8000"}, "did you mean ws://localhost:8000?"},
		{"another scheme", Command{URL: "ftp://localhost"}, "want ws:// or wss://"},
		{"no host", Command{URL: "ws:///echo"}, "has no host"},
		{"a fragment", Command{URL: "ws://localhost/#top"}, "has no fragment"},
		{"a header without a colon", Command{URL: "ws://localhost", Flags: reach.Flags{Header: []string{"Cookie"}}}, "'NAME: VALUE'"},
		{"a header of the handshake", Command{URL: "ws://localhost", Flags: reach.Flags{Header: []string{"Upgrade: h2c"}}}, "header"},
		{"two lines in an origin", Command{URL: "ws://localhost", Flags: reach.Flags{Origin: "a\r\nb"}}, "origin"},
		{"a sub-protocol that is no token", Command{URL: "ws://localhost", Subprotocol: []string{"a b"}}, "sub-protocol"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.c.target(); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(tt.want)) {
				t.Errorf("target() = %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestTargetSendsWhatItWasTold(t *testing.T) {
	got := make(chan *http.Request, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		if c, err := websocket.Upgrade(w, r, &websocket.Options{Origins: []string{"*"}, Subprotocols: []string{"b"}}); err == nil {
			c.Serve(echo)
		}
	}))
	defer s.Close()
	c := command(strings.Replace(s.URL, "http://", "ws://ann:secret@", 1) + "/a%20b?c=d")
	c.Header, c.Origin, c.Subprotocol = []string{"Cookie: x=y", "X-Test: a: b"}, "https://example.com", []string{"a", "b"}
	to := mustTarget(t, c)
	if strings.Contains(to.URL.String(), "secret") {
		t.Errorf("the report would show the password in %s", to.URL)
	}
	if err := to.probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := <-got
	user, password, _ := r.BasicAuth()
	for what, pair := range map[string][2]string{
		"target":        {r.RequestURI, "/a%20b?c=d"},
		"Authorization": {user + ":" + password, "ann:secret"},
		"Cookie":        {r.Header.Get("Cookie"), "x=y"},
		"X-Test":        {r.Header.Get("X-Test"), "a: b"},
		"Origin":        {r.Header.Get("Origin"), "https://example.com"},
		"sub-protocols": {r.Header.Get("Sec-WebSocket-Protocol"), "a, b"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestProbeSaysWhatIsWrong(t *testing.T) {
	answer := func(text string) websocket.Handler {
		return websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			if text != "" {
				c.Write(context.Background(), op, []byte(text))
			}
		})
	}
	closes := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) { c.Close(4001, "not here") })
	cuts := websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) { c.CloseNow() })
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return strings.Replace(s.URL, "http", "ws", 1)
	}
	deaf := listen(t)
	t.Cleanup(func() { deaf.Close() })
	silent := command(serve(t, answer("")))
	silent.Patience = 50e6
	tests := []struct {
		name string
		c    *Command
		want string
	}{
		{"it answers otherwise", command(serve(t, answer("welcome"))), `was answered with the text "welcome"; the server under test has to`},
		{"it does not answer", silent, "a text was not answered within 50ms"},
		{"it closes", command(serve(t, closes)), `answered with Close 4001 "not here"`},
		{"it cuts", command(serve(t, cuts)), "answered with the end of the connection"},
		{"no such path", command(status(404)), "404 Not Found\nIs the path of the URL right?"},
		{"it wants a login", command(status(401)), "--header 'Authorization"},
		{"it wants another origin", command(status(403)), "--origin"},
		{"it has moved", command(status(307)), "It redirects to"},
		{"it is overloaded", command(status(503)), "503 Service Unavailable"},
		{"its certificate is unknown", command(serveTLS(t)), "--insecure connects nevertheless"},
		{"it speaks no TLS", command(strings.Replace(serve(t, echo), "ws:", "wss:", 1)), "tls"},
		{"nobody listens", command("ws://" + closedAddr(t)), "connection refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := mustTarget(t, tt.c).probe(t.Context())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "ws") {
				t.Errorf("probe() = %v, want an error that begins with the URL, with %q", err, tt.want)
			}
		})
	}
}

// closedAddr is an address at which nobody listens.
func closedAddr(t *testing.T) string {
	ln := listen(t)
	defer ln.Close()
	return ln.Addr().String()
}

func TestProbeOfAServerThatDoesNotAnswer(t *testing.T) {
	ln := listen(t)
	defer ln.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		nc, err := ln.Accept()
		cancel()
		if err == nil {
			defer nc.Close()
			nc.Read(make([]byte, 1<<10))
			nc.Read(make([]byte, 1)) // until the prober goes
		}
	}()
	err := mustTarget(t, command("ws://"+ln.Addr().String())).probe(ctx)
	if err == nil || !strings.Contains(err.Error(), "no answer to the opening handshake") {
		t.Errorf("probe() = %v, want an error that says that there was no answer", err)
	}
}
