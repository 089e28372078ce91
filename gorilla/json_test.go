package websocket

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/zerowire/websocket/codec"
)

func TestWriteJSON(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		if err := c.WriteJSON(math.NaN()); err == nil {
			t.Error("WriteJSON(NaN) = nil, want an error")
		}
		if err := errors.Join(c.WriteJSON(map[string]int{"a": 1}), WriteJSON(c, "x")); err != nil {
			t.Errorf("WriteJSON() = %v", err)
		}
		for _, want := range []string{"{\"a\":1}\n", "\"x\"\n"} {
			if h, p := peer.frame(t); h.Opcode != codec.OpText || string(p) != want {
				t.Errorf("WriteJSON sent %v %q, want %q", h.Opcode, p, want)
			}
		}
	})
}

func TestReadJSON(t *testing.T) {
	roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
		for _, tt := range []struct {
			name, message string
			want          int
			err           error
		}{
			{"value", `7`, 7, nil},
			{"value and space", " 8 \n", 8, nil},
			{"two values", `9 10`, 9, nil},
			{"nothing", ``, 0, io.ErrUnexpectedEOF},
			{"half a value", `[1`, 0, io.ErrUnexpectedEOF},
		} {
			peer.send(t, final(codec.OpText), tt.message)
			got := 0
			if err := c.ReadJSON(&got); got != tt.want || err != tt.err {
				t.Errorf("%s: ReadJSON(%q) = %d, %v, want %d, %v", tt.name, tt.message, got, err, tt.want, tt.err)
			}
		}
		peer.send(t, final(codec.OpText), `"text"`)
		var n int
		if _, ok := errors.AsType[*json.UnmarshalTypeError](ReadJSON(c, &n)); !ok {
			t.Error("ReadJSON of a string to an int is no UnmarshalTypeError")
		}
		peer.send(t, final(codec.OpClose), "")
		if err := c.ReadJSON(&n); !IsCloseError(err, CloseNoStatusReceived) {
			t.Errorf("ReadJSON() after Close = %v", err)
		}
	})
}

func TestJoinMessages(t *testing.T) {
	for _, tt := range []struct{ term, want string }{{"", "abc"}, {"\n", "ab\n\nc\n"}} {
		roles(t, func(t *testing.T, c *Conn, peer *rawPeer) {
			for _, message := range []string{"ab", "", "c"} {
				peer.send(t, final(codec.OpText), message)
			}
			peer.send(t, final(codec.OpClose), "\x03\xE8")
			var got strings.Builder
			if _, err := io.Copy(&got, JoinMessages(c, tt.term)); got.String() != tt.want || !IsCloseError(err, 1000) {
				t.Errorf("JoinMessages with %q gives %q, %v, want %q", tt.term, got.String(), err, tt.want)
			}
		})
	}
}
