package h2_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
)

// TestRefusalWithoutItsBody reports a refusal, and a redirect, whose body does not come.
func TestRefusalWithoutItsBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
	}{
		{"refusal", http.StatusForbidden},
		{"redirect", http.StatusFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "100")
				w.Header().Set("Location", "/next")
				w.WriteHeader(tt.status)
				w.Write([]byte("half"))
				http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			begin := time.Now()
			_, err := newTransport(t, s).Dial(ctx, s.wss(), nil)
			refused, ok := errors.AsType[*websocket.HandshakeError](err)
			if took := time.Since(begin); !ok || refused.Status != tt.status || took > patience*3/4 {
				t.Errorf("Dial() = %v after %v, want the status %d", err, took, tt.status)
			}
		})
	}
}

// TestRedirect follows a redirect that a server answers with over HTTP/2.
func TestRedirect(t *testing.T) {
	srv := &websocket.Server{Handler: echo{}}
	var protocols []string // of the requests
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocols = append(protocols, r.URL.Path+" "+r.Proto)
		if r.URL.Path == "/old" {
			http.Redirect(w, r, "/new", http.StatusTemporaryRedirect)
			return
		}
		srv.ServeHTTP(w, r)
	}))
	tr := &h2.Transport{TLSConfig: trust(s)}
	defer tr.Close()
	wantEcho(t, dial(t, tr, s.wss()+"/old", nil), websocket.OpText, "hello")
	if want := []string{"/old HTTP/2.0", "/old HTTP/1.1", "/new HTTP/1.1"}; !slices.Equal(protocols, want) {
		t.Errorf("requests %q, want %q", protocols, want)
	}
	tr = newTransport(t, s)
	_, err := tr.Dial(t.Context(), s.wss()+"/old", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusTemporaryRedirect {
		t.Errorf("Dial() with HTTP/2 only = %v, want the status 307", err)
	}
}
