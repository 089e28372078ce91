package h2_test

import (
	"testing"

	"golang.org/x/net/http2"

	"github.com/zerowire/websocket"
)

// TestBatchIsSentTogether echoes 100 messages that arrive in one DATA frame. The echoes need
// few DATA frames, because both directions flush once for each batch.
func TestBatchIsSentTogether(t *testing.T) {
	t.Parallel()
	const messages = 100
	repeat := func(frame []byte) (batch []byte) {
		for range messages {
			batch = append(batch, frame...)
		}
		return batch
	}
	check := func(t *testing.T, read func() (http2.Frame, error), size int) {
		frames := 0
		for bytes := 0; bytes < messages*size; {
			f, err := read()
			if err != nil {
				t.Fatalf("ReadFrame() = %v after %d bytes", err, bytes)
			}
			if data, ok := f.(*http2.DataFrame); ok {
				frames, bytes = frames+1, bytes+len(data.Data())
			}
		}
		if frames > messages/10 {
			t.Errorf("%d echoes in %d DATA frames, want at most %d", messages, frames, messages/10)
		}
	}
	hello := masked(1, "hello")
	for form, handler := range forms(t, websocket.Options{}) {
		t.Run(form, func(t *testing.T) {
			w := dialWire(t, serve(t, handler), 65535)
			if status := w.open(1); status != "200" {
				t.Fatalf("status %q", status)
			}
			w.WriteData(1, false, repeat(hello))
			check(t, w.ReadFrame, len(hello)-4)
		})
	}
	t.Run("client", func(t *testing.T) {
		c, w := onWire(t)
		if err := c.Start(echo{}); err != nil {
			t.Fatal(err)
		}
		w.WriteData(1, false, repeat([]byte("\x81\x05hello")))
		check(t, w.ReadFrame, len(hello))
	})
}
