package frameworks

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/h2"
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
			web := httptest.NewUnstartedServer(tt.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, err := websocket.Upgrade(w, r, nil)
				errs <- err
			})))
			web.Config.Protocols = new(http.Protocols)
			web.Config.Protocols.SetHTTP1(true)
			web.Config.Protocols.SetUnencryptedHTTP2(true)
			web.Start()
			t.Cleanup(web.Close)
			opts := &websocket.DialOptions{Header: http.Header{"Accept-Encoding": {"gzip"}}}
			for _, mode := range []h2.Mode{h2.OnlyHTTP1, h2.OnlyHTTP2} {
				tr := &h2.Transport{Mode: mode}
				t.Cleanup(func() { tr.Close() })
				_, err := tr.Dial(t.Context(), strings.Replace(web.URL, "http", "ws", 1), opts)
				if refused, ok := errors.AsType[*websocket.HandshakeError](err); !ok || refused.Status != http.StatusInternalServerError {
					t.Errorf("Dial() with mode %d = %v, want status 500", mode, err)
				}
				if err := <-errs; !errors.Is(err, http.ErrNotSupported) || !strings.Contains(err.Error(), "needs a method Unwrap") {
					t.Errorf("Upgrade() with mode %d = %v, want what the middleware lacks", mode, err)
				}
			}
		})
	}
}
