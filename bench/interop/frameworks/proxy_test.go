package frameworks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gorilla/handlers"

	"github.com/zerowire/websocket"
)

// TestProxyHeaders: what gorilla/handlers takes from a proxy's headers is what the library
// sees: the host that an Origin is compared with, and the client's address.
func TestProxyHeaders(t *testing.T) {
	t.Parallel()
	clients := make(chan string, 1)
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(*websocket.Conn, websocket.Opcode, []byte) {})}
	srv.Options.Hooks.Opened = func(_ *websocket.Conn, r *websocket.Request) { clients <- r.RemoteAddr().String() }
	t.Cleanup(func() { srv.Close() })
	opts := &websocket.DialOptions{Header: http.Header{
		"Origin": {"https://chat.example"}, "X-Forwarded-Host": {"chat.example"}, "X-Forwarded-For": {"192.0.2.1"},
	}}

	bare := httptest.NewServer(srv)
	t.Cleanup(bare.Close)
	_, err := websocket.Dial(t.Context(), bare.URL, opts)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusForbidden {
		t.Errorf("Dial() without ProxyHeaders = %v, want status 403", err)
	}

	web := httptest.NewServer(handlers.ProxyHeaders(srv))
	t.Cleanup(web.Close)
	c, err := websocket.Dial(t.Context(), web.URL, opts)
	if err != nil {
		t.Fatalf("Dial() = %v", err)
	}
	c.CloseNow()
	if got := <-clients; got != "192.0.2.1" {
		t.Errorf("the hook saw the client %s, want 192.0.2.1", got)
	}
}
