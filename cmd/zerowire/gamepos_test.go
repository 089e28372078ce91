package main

import (
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

func TestParsePosition(t *testing.T) {
	tests := []struct {
		name    string
		op      websocket.Opcode
		p       string
		want    position
		refused *websocket.CloseError
	}{
		{"position", websocket.OpText, `{"id":"teal","x":0.25,"y":0.75}`, position{"teal", 0.25, 0.75}, nil},
		{"upper left", websocket.OpText, `{"id":"teal","x":0,"y":0}`, position{"teal", 0, 0}, nil},
		{"lower right", websocket.OpText, `{"id":"teal","x":1,"y":1}`, position{"teal", 1, 1}, nil},
		{"binary", websocket.OpBinary, `{"id":"teal","x":0,"y":0}`, position{}, errGameBinary},
		{"no JSON", websocket.OpText, "0.5 0.5", position{}, errGameJSON},
		{"no id", websocket.OpText, `{"x":0,"y":0}`, position{}, errGameJSON},
		{"no x", websocket.OpText, `{"id":"teal","y":0}`, position{}, errGameJSON},
		{"no y", websocket.OpText, `{"id":"teal","x":0}`, position{}, errGameJSON},
		{"x is text", websocket.OpText, `{"id":"teal","x":"0","y":0}`, position{}, errGameJSON},
		{"x beyond a float64", websocket.OpText, `{"id":"teal","x":1e999,"y":0}`, position{}, errGameJSON},
		{"empty id", websocket.OpText, `{"id":"","x":0,"y":0}`, position{}, errGameID},
		{"id too long", websocket.OpText, `{"id":"` + strings.Repeat("i", maxIDBytes+1) + `","x":0,"y":0}`, position{}, errGameID},
		{"off to the left", websocket.OpText, `{"id":"teal","x":-0.01,"y":0}`, position{}, errGameRange},
		{"off to the right", websocket.OpText, `{"id":"teal","x":1.01,"y":0}`, position{}, errGameRange},
		{"off at the top", websocket.OpText, `{"id":"teal","x":0,"y":-0.01}`, position{}, errGameRange},
		{"off at the bottom", websocket.OpText, `{"id":"teal","x":0,"y":1.01}`, position{}, errGameRange},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := parsePosition(tt.op, []byte(tt.p))
			if got != tt.want || refused != tt.refused {
				t.Errorf("parsePosition(%v, %.80q)\n got %v, %v\nwant %v, %v", tt.op, tt.p, got, refused, tt.want, tt.refused)
			}
		})
	}
}
