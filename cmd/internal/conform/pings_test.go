package conform

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"testing"
	"testing/iotest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

func TestPingFilter(t *testing.T) {
	text, ping := wstest.Text("Hello"), wstest.Ping("still there?")
	long := wstest.Binary(wstest.BinaryPayload(70_000))
	tests := []struct {
		name   string
		in     []wstest.Frame
		behind string // bytes that are no frame
		want   []wstest.Frame
	}{
		{"nothing", nil, "", nil},
		{"no ping", []wstest.Frame{text, long, wstest.Pong("x"), wstest.Close(1000, "")}, "", []wstest.Frame{text, long, wstest.Pong("x"), wstest.Close(1000, "")}},
		{"pings alone", []wstest.Frame{ping, wstest.Ping(""), ping}, "", nil},
		{"pings around", []wstest.Frame{ping, text, ping, ping, long, ping}, "", []wstest.Frame{text, long}},
		{"a ping inside a message", []wstest.Frame{text.More(), ping, wstest.Continuation("!")}, "", []wstest.Frame{text.More(), wstest.Continuation("!")}},
		{"ill-formed pings stay", []wstest.Frame{ping.More(), ping.WithRSV(4), wstest.Ping(string(make([]byte, 126)))}, "", []wstest.Frame{ping.More(), ping.WithRSV(4), wstest.Ping(string(make([]byte, 126)))}},
		{"an ill-formed header and what follows it", []wstest.Frame{ping, text}, "\x82\x7E\x00\x01x\x89\x00", []wstest.Frame{text}},
		{"a cut header", []wstest.Frame{ping, text}, "\x82", []wstest.Frame{text}},
		{"a cut length", []wstest.Frame{ping}, "\x82\x7F\x00\x00", nil},
		{"a cut payload", []wstest.Frame{ping}, "\x82\x05Hel", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var in, want []byte
			for _, f := range tt.in {
				in = f.Append(in)
			}
			for _, f := range tt.want {
				want = f.Append(want)
			}
			in, want = append(in, tt.behind...), append(want, tt.behind...)
			for name, r := range map[string]io.Reader{
				"whole":        bytes.NewReader(in),
				"byte by byte": iotest.OneByteReader(bytes.NewReader(in)),
			} {
				if got, err := io.ReadAll(&pingFilter{in: bufio.NewReader(r)}); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: read %d bytes, %v; want %d\n got %.80x\nwant %.80x", name, len(got), err, len(want), got, want)
				}
			}
		})
	}
}

// TestServerMayPing: a keepalive is no failure.
func TestServerMayPing(t *testing.T) {
	c := command(serve(t, websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		go c.Ping(context.Background()) // ends with the connection, at the latest
		c.Write(context.Background(), op, p)
	})))
	c.Cases = []string{"1.1", "9.7.1"}
	if r := run(t, t.Context(), c); r.outcome() != nil {
		var text bytes.Buffer
		r.writeText(&text, true)
		t.Errorf("outcome() = %v\n%s", r.outcome(), &text)
	}
}
