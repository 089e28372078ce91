package websocket_test

import (
	"strings"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestFragmentSizeIsAnOption has Conn.Writer cut a message at the size that is set. A message
// of exactly that size is one frame: peers that hand out frames as messages exist.
func TestFragmentSizeIsAnOption(t *testing.T) {
	for _, tt := range []struct {
		name           string
		size           int // Options.FragmentSize
		payload, first int // bytes of the message, and of its first frame
	}{
		{"default, one frame", 0, 16 << 10, 16 << 10},
		{"default, one byte more", 0, 16<<10 + 1, 16 << 10},
		{"small", 10, 15, 10},
		{"small, one frame", 10, 10, 10},
		{"large, one frame", 200_000, 200_000, 200_000},
		{"negative is the default", -1, 16<<10 + 1, 16 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBothRoles(t, &websocket.Options{FragmentSize: tt.size}, func(tc *testConn) {
				payload := strings.Repeat("x", tt.payload)
				written := begin(func() error {
					w, err := tc.Writer(background, websocket.OpText)
					if err != nil {
						return err
					}
					if _, err := w.Write([]byte(payload)); err != nil {
						return err
					}
					return w.Close()
				})
				if tt.first == tt.payload {
					tc.wantFrame("the message is one frame", wstest.Text(payload))
				} else {
					tc.wantFrame("the first fragment has the size", wstest.Text(payload[:tt.first]).More())
					tc.wantFrame("the rest follows", wstest.Continuation(payload[tt.first:]))
				}
				tc.want("the message is written", written.wait(), nil)
			})
		})
	}
}
