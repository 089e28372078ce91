package websocket_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// TestInvalidOptionsAreErrors: an option that has no meaning is an error at the first use,
// which names the field and the value.
func TestInvalidOptionsAreErrors(t *testing.T) {
	level := func(n int) *websocket.Compression { return &websocket.Compression{Level: n} }
	window := func(bits int) *websocket.Compression { return &websocket.Compression{WindowBits: bits} }
	for _, tt := range []struct {
		name string
		opts websocket.Options
		says []string
	}{
		{"an empty sub-protocol", websocket.Options{Subprotocols: []string{"chat", ""}}, []string{"Subprotocols", `""`}},
		{"a list as one sub-protocol", websocket.Options{Subprotocols: []string{"chat, gamepos"}}, []string{"Subprotocols", `"chat, gamepos"`}},
		{"a sub-protocol with a line break", websocket.Options{Subprotocols: []string{"a\r\nX: y"}}, []string{"Subprotocols", `"a\r\nX: y"`}},
		{"a level below", websocket.Options{Compression: level(-1)}, []string{"Level", "-1", "1 (fastest) to 9"}},
		{"a level above", websocket.Options{Compression: level(10)}, []string{"Level", "10"}},
		{"a window below", websocket.Options{Compression: window(7)}, []string{"WindowBits", "7", "8 to 15"}},
		{"a window above", websocket.Options{Compression: window(16)}, []string{"WindowBits", "16"}},
		{"an origin without a scheme", websocket.Options{Origins: []string{"example.com"}}, []string{"Origins", `"example.com"`}},
		{"two kinds of origins", websocket.Options{Origins: []string{"*"}, OriginFunc: func(string, string) bool { return true }}, []string{"Origins and OriginFunc"}},
		{"an overflow", websocket.Options{Overflow: websocket.Disconnect + 1}, []string{"Overflow", "4", "Disconnect"}},
	} {
		for use, first := range firstUses {
			if strings.Contains(tt.name, "origin") && !checksOrigins[use] {
				continue
			}
			t.Run(tt.name+"/"+use, func(t *testing.T) {
				err := first(t, tt.opts)
				if !errors.Is(err, websocket.ErrOptions) {
					t.Fatalf("%v is not ErrOptions", err)
				}
				for _, want := range tt.says {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%q does not say %q", err, want)
					}
				}
				if strings.Contains(tt.name, "sub-protocol") && !errors.Is(err, codec.MisuseSubprotocol) {
					t.Errorf("%q is not MisuseSubprotocol", err)
				}
			})
		}
	}
	valid := websocket.Options{Subprotocols: []string{"chat", "SPDY/3.1+portforward.k8s.io"}, Compression: &websocket.Compression{Level: 9, WindowBits: 8}, Overflow: websocket.Disconnect}
	client, server := websocket.Pipe(&valid)
	client.CloseNow()
	server.CloseNow()
}

var checksOrigins = map[string]bool{"Server.Serve": true, "Upgrade": true, "Upgrader.Negotiate": true}

// firstUses are the ways to use Options for the first time. Each returns the error.
var firstUses = map[string]func(t *testing.T, o websocket.Options) error{
	"Server.Serve": func(t *testing.T, o websocket.Options) error {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &websocket.Server{Options: o, Handler: websocket.Blocking(func(*websocket.Conn) {})}
		defer s.Close()
		return s.Serve(ln)
	},
	"Upgrade": func(t *testing.T, o websocket.Options) error {
		w := httptest.NewRecorder()
		_, err := websocket.Upgrade(w, httptest.NewRequest(http.MethodGet, "/", nil), &o)
		if w.Code != http.StatusInternalServerError {
			t.Errorf("status %d, want 500", w.Code)
		}
		return err
	},
	"Upgrader.Negotiate": func(t *testing.T, o websocket.Options) error {
		_, err := (&websocket.Upgrader{Options: o}).Negotiate("example.com", http.Header{})
		return err
	},
	"Dial": func(t *testing.T, o websocket.Options) error {
		_, err := websocket.Dial(t.Context(), "ws://127.0.0.1:1/", &websocket.DialOptions{Options: o})
		return err
	},
	"NewConn": func(t *testing.T, o websocket.Options) error {
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		_, err := websocket.NewConn(a, websocket.RoleServer, websocket.Handshake{}, &o)
		return err
	},
	"Pipe": func(t *testing.T, o websocket.Options) (err error) {
		defer func() { err, _ = recover().(error) }()
		websocket.Pipe(&o)
		return fmt.Errorf("Pipe returned")
	},
}
