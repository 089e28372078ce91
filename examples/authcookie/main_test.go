package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// visitor is a browser: it keeps cookies, for its requests and its WebSockets.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	site *httptest.Server
	http *http.Client
}

func newVisitor(ctx context.Context, t *testing.T, srv *httptest.Server) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, ctx, srv, &http.Client{Transport: srv.Client().Transport, Jar: jar}}
}

// post sends a form, and returns the status.
func (v *visitor) post(path string, form url.Values) int {
	v.t.Helper()
	res, err := v.http.PostForm(v.site.URL+path, form)
	if err != nil {
		v.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

// dial opens a WebSocket from a page of origin, "" for no page.
func (v *visitor) dial(origin string) (*websocket.Conn, error) {
	opts := &websocket.DialOptions{
		Jar:       v.http.Jar,
		TLSConfig: v.site.Client().Transport.(*http.Transport).TLSClientConfig,
	}
	if origin != "" {
		opts.Header = http.Header{"Origin": {origin}}
	}
	return websocket.Dial(v.ctx, v.site.URL+"/ws", opts)
}

func (v *visitor) wantRefused(what, origin string, status int) {
	v.t.Helper()
	c, err := v.dial(origin)
	if err == nil {
		c.CloseNow()
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != status {
		v.t.Errorf("%s: Dial = %v, want a refusal with %d", what, err, status)
	}
}

func TestSession(t *testing.T) {
	srv := httptest.NewTLSServer(newSite(map[string]string{"ann": "secret"}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ann := newVisitor(ctx, t, srv)

	ann.wantRefused("before signing in", "", http.StatusUnauthorized)
	for name, form := range map[string]url.Values{
		"wrong password": {"user": {"ann"}, "password": {"guess"}},
		"unknown user":   {"user": {"bob"}, "password": {""}},
	} {
		if got := ann.post("/login", form); got != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", name, got)
		}
	}
	ann.wantRefused("after a wrong password", "", http.StatusUnauthorized)

	if got := ann.post("/login", url.Values{"user": {"ann"}, "password": {"secret"}}); got != http.StatusOK {
		t.Fatalf("login: status %d", got)
	}
	ann.wantRefused("from a page of another site", "https://evil.example", http.StatusForbidden)

	c, err := ann.dial(srv.URL) // a page of the site itself
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"welcome, ann", "hello"} {
		if _, p, err := c.Read(ctx); err != nil || string(p) != want {
			t.Fatalf("got %q, %v, want %q", p, err, want)
		}
	}

	ann.post("/logout", nil)
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != statusUnauthorized {
		t.Errorf("after signing out: %v, want a Close frame with %d", err, statusUnauthorized)
	}
	ann.wantRefused("after signing out", "", http.StatusUnauthorized)
}
