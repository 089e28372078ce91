package websocket_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/pipe"
)

// TestPageThatIsReadSlowly has peers take a page, beside a Server's sockets, with pauses:
// whoever makes room in time gets all of it, and who does not loses the connection.
func TestPageThatIsReadSlowly(t *testing.T) {
	const limit, size = 10 * time.Second, 1 << 20
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		w.Write(bytes.Repeat([]byte("x"), size))
	})
	for _, tt := range []struct {
		name  string
		pause time.Duration // before each read of 32 KiB
		whole bool
	}{
		{"in time", limit * 9 / 10, true},
		{"too slowly", limit * 11 / 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, peer := pipe.New()
				srv := &websocket.Server{Handler: forms["events"], HTTP: page, Options: websocket.Options{WriteTimeout: limit}}
				served := begin(func() error { return srv.Serve(listenerOf(ours)) })
				io.WriteString(peer, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				got := 0
				for p, err := make([]byte, 32<<10), error(nil); err == nil; {
					time.Sleep(tt.pause)
					var n int
					n, err = io.ReadFull(peer, p)
					got += n
				}
				peer.Close()
				if whole := got > size; whole != tt.whole {
					t.Errorf("%d bytes came of a page of %d", got, size)
				}
				if err := srv.Shutdown(background); err != nil {
					t.Errorf("Shutdown() = %v", err)
				}
				served.wait()
			})
		})
	}
}
