package main

import (
	"strings"
	"testing"

	"github.com/zerowire/websocket"
)

func TestParseChat(t *testing.T) {
	message := func(name, text string) string { return `{"name":"` + name + `","text":"` + text + `"}` }
	name, text := strings.Repeat("n", maxNameBytes), strings.Repeat("t", maxTextBytes)
	tests := []struct {
		name    string
		op      websocket.Opcode
		p       string
		want    string
		refused *websocket.CloseError
	}{
		{"message", websocket.OpText, message("ann", "hi"), message("ann", "hi"), nil},
		{"other fields are dropped", websocket.OpText, `{"text":"hi", "admin":true, "name":"ann"}`, message("ann", "hi"), nil},
		{"markup stays as it is", websocket.OpText, message("ann", "<b>&</b>"), message("ann", "<b>&</b>"), nil},
		{"longest name and text", websocket.OpText, message(name, text), message(name, text), nil},
		{"binary", websocket.OpBinary, message("ann", "hi"), "", errChatBinary},
		{"no JSON", websocket.OpText, "hello", "", errChatJSON},
		{"nothing", websocket.OpText, "", "", errChatJSON},
		{"null", websocket.OpText, "null", "", errChatJSON},
		{"no object", websocket.OpText, `["ann","hi"]`, "", errChatJSON},
		{"two objects", websocket.OpText, message("ann", "hi") + message("ann", "hi"), "", errChatJSON},
		{"no name", websocket.OpText, `{"text":"hi"}`, "", errChatJSON},
		{"no text", websocket.OpText, `{"name":"ann"}`, "", errChatJSON},
		{"a number as name", websocket.OpText, `{"name":1,"text":"hi"}`, "", errChatJSON},
		{"empty name", websocket.OpText, message("", "hi"), "", errChatName},
		{"name too long", websocket.OpText, message(name+"n", "hi"), "", errChatName},
		{"empty text", websocket.OpText, message("ann", ""), "", errChatText},
		{"text too long", websocket.OpText, message("ann", text+"t"), "", errChatText},
		{"deep nesting", websocket.OpText, strings.Repeat("[", 100_000), "", errChatJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, refused := parseChat(tt.op, []byte(tt.p))
			message := ""
			if refused == nil {
				message = string(encode(got))
			}
			if message != tt.want || refused != tt.refused {
				t.Errorf("parseChat(%v, %.80q)\n got %.80q, %v\nwant %.80q, %v", tt.op, tt.p, message, refused, tt.want, tt.refused)
			}
		})
	}
}
