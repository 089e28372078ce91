package frameworks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

// TestMiddlewareThatHides has no way to the connection: the client gets 500, and the error
// says what the middleware lacks.
func TestMiddlewareThatHides(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wrap func(h http.Handler) http.Handler
	}{
		{"http.TimeoutHandler", func(h http.Handler) http.Handler { return http.TimeoutHandler(h, patience, "") }},
		{"a struct around the interface", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			})
		}},
		{"the same around gzhttp", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				gzipped(h).ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			})
		}},
		{"the same around otelhttp", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				traced(h, func(int) {}, nil).ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			errs := make(chan error, 1)
			web := httptest.NewServer(tt.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := websocket.Upgrade(w, r, nil)
				errs <- err
			})))
			t.Cleanup(web.Close)
			_, err := websocket.Dial(t.Context(), web.URL, &websocket.DialOptions{Header: http.Header{"Accept-Encoding": {"gzip"}}})
			if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusInternalServerError {
				t.Errorf("Dial() = %v, want status 500", err)
			}
			if err := <-errs; err == nil || !strings.Contains(err.Error(), "needs a method Unwrap") {
				t.Errorf("Upgrade() = %v, want what the middleware lacks", err)
			}
		})
	}
}
