package relay

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// application serves pages, and a WebSocket echo that only its own pages may open.
func application(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "page %s for %s", r.URL, r.Host)
	})
	mux.HandleFunc("POST /form", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d bytes, %v, origin %s", len(body), err, r.Header.Get("Origin"))
	})
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=b")
		http.Redirect(w, r, "http://"+r.Host+"/home", http.StatusFound)
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: one\n\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /ws", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Upgrade(w, r, nil) // which checks the Origin
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			op, p, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), op, p) != nil {
				return
			}
		}
	})
	app := httptest.NewServer(mux)
	t.Cleanup(app.Close)
	return app
}

// TestProxyInFrontOfAnApplication uses an application through a proxy as a browser does.
func TestProxyInFrontOfAnApplication(t *testing.T) {
	app := application(t)
	host := strings.TrimPrefix(app.URL, "http://")
	_, addr := serveProxy(t, "ws://"+host)
	plain := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer plain.CloseIdleConnections()
	ask := func(method, path, body string) (*http.Response, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "http://"+addr)
		response, err := plain.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		got, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(got)
	}
	if _, got := ask("GET", "/a?b=c", ""); got != "page /a?b=c for "+host {
		t.Errorf("a page: %q, want it asked of %s", got, host)
	}
	if _, got := ask("POST", "/form", strings.Repeat("x", 100000)); got != "100000 bytes, <nil>, origin http://"+host {
		t.Errorf("a form: %q, want 100000 bytes and the origin of the server", got)
	}
	if r, _ := ask("GET", "/login", ""); r.StatusCode != 302 || r.Header.Get("Location") != "/home" || r.Header.Get("Set-Cookie") != "a=b" {
		t.Errorf("a redirect: %s to %q, want 302 to /home of the proxy", r.Status, r.Header.Get("Location"))
	}

	events, err := plain.Get("http://" + addr + "/events")
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(events.Body).ReadString('\n'); line != "data: one\n" {
		t.Errorf("a stream of events: %q, %v, want its first event while it goes on", line, err)
	}
	events.Body.Close()

	for origin, want := range map[string]string{"http://" + addr: "", "http://elsewhere.example": "403"} {
		c, err := websocket.Dial(t.Context(), "ws://"+addr+"/ws", &websocket.DialOptions{Header: http.Header{"Origin": {origin}}})
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("WebSocket from %s: %v, want %s", origin, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatalf("WebSocket from a page of the proxy: %v", err)
		}
		c.Write(t.Context(), websocket.OpText, []byte("Hello"))
		if _, p, err := c.Read(t.Context()); string(p) != "Hello" {
			t.Errorf("WebSocket: %q, %v, want Hello", p, err)
		}
		c.Close(websocket.StatusNormalClosure, "")
	}
}

// TestUpgradeBehindAPage opens a WebSocket on a connection that has asked for a page
// before, as a reverse proxy in front may do.
func TestUpgradeBehindAPage(t *testing.T) {
	app := application(t)
	_, addr := serveProxy(t, "ws://"+strings.TrimPrefix(app.URL, "http://"))
	client := dial(t, addr)
	client.send("GET /first HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	in := bufio.NewReader(client)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(response.Body); response.StatusCode != 200 || err != nil {
		t.Fatalf("the page: %s %q, %v, want 200", response.Status, body, err)
	}
	client.send(strings.Replace(request, "/room?x=1", "/ws", 1) + "\r\n" + frame(fromClient, codec.OpText, true, 0, "early"))
	response, err = http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the opening handshake: %v, %v, want 101", response, err)
	}
	got := make([]byte, 7)
	if _, err := io.ReadFull(in, got); err != nil || string(got) != "\x81\x05early" {
		t.Errorf("the echo: % x, %v, want the frame", got, err)
	}
}
