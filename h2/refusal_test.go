package h2_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestRefusalWithoutItsBody reports a refusal, and a redirect, whose body does not come.
func TestRefusalWithoutItsBody(t *testing.T) {
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
			if took := time.Since(begin); !ok || refused.Status != tt.status || took > patience/4 {
				t.Errorf("Dial() = %v after %v, want the status %d", err, took, tt.status)
			}
		})
	}
}
