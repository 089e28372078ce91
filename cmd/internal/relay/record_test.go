package relay

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/codec"
)

// write returns the name of a file with these lines.
func write(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "recording")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestRecordingIsExact records what a client sends, legal and not, and reads it
// again: it is what was sent, byte by byte.
func TestRecordingIsExact(t *testing.T) {
	long := frame(fromClient, codec.OpBinary, false, 0, strings.Repeat("0123456789", 20000))
	tests := []struct {
		name string
		sent []string
	}{
		{"frames", []string{
			frame(fromClient, codec.OpText, true, 0, "Hello"),
			frame(fromClient, codec.OpPing, true, 0, ""),
			frame(fromClient, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00"),
		}},
		{"a long frame in three reads", []string{long[:1], long[1:70003], long[70003:]}},
		{"a frame of exactly one entry", []string{frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", 64<<10))}},
		{"a frame of exactly two", []string{frame(fromClient, codec.OpBinary, true, 0, strings.Repeat("x", 2*(64<<10)))}},
		{"a violation", []string{frame(fromClient, codec.OpText, true, 0, "Hello"), "\x81\x05Hello", "and so on"}},
		{"a violation in a header that comes in parts", []string{"\xf1", "\x85\x01", "\x02\x03\x04abcde"}},
		{"a length that is too long", []string{"\x81\xfe\x00", "\x05\x01\x02\x03\x04abcde"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "recording")
			r := open(t, extended, func(p *proxy) {
				var err error
				if p.recorder, err = recording.Create(name, p.to.String()); err != nil {
					t.Fatal(err)
				}
			})
			for _, p := range tt.sent {
				r.client.send(p)
				r.server.want(p)
			}
			r.client.Close()
			r.server.Close()
			r.stop()
			err := <-r.stopped
			r.stopped <- nil
			if err != nil {
				t.Fatal(err)
			}
			if err := r.proxy.recorder.Close(); err != nil {
				t.Fatal(err)
			}
			rec, err := recording.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			c := rec.Connections[0]
			var got strings.Builder
			for _, s := range c.Sent[fromClient] {
				got.Write(s.Bytes)
			}
			if want := strings.Join(tt.sent, ""); got.String() != want {
				t.Errorf("recorded\n%.200q\nwant\n%.200q", got.String(), want)
			}
			if want := response + extended + "\r\n"; string(c.Heads[fromServer]) != want {
				t.Errorf("recorded the response\n%s\nwant\n%s", c.Heads[fromServer], want)
			}
		})
	}
}
