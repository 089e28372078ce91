package main

import (
	"testing"
)

func TestChatOnTheWire(t *testing.T) {
	p := startServe(t)
	ann, bob := open(t, p.addr, "/ws", "chat"), open(t, p.addr, "/ws", "chat")
	outside := open(t, p.addr, "/ws", "")
	bob.send(t, true, ping, "") // its answer says that bob is in the room
	bob.want(t, pong, "")

	hello := `{"name":"ann","text":"hello"}`
	ann.send(t, true, text, hello)
	ann.want(t, text, hello)
	bob.want(t, text, hello)

	refusals := []struct {
		name    string
		opcode  byte
		message string
		code    uint16
	}{
		{"binary", binData, hello, 1003},
		{"no JSON", text, "hello", 1007},
		{"no text", text, `{"name":"eve"}`, 1007},
		{"no UTF-8", text, "{\"name\":\"eve\",\"text\":\"\xff\"}", 1007},
		{"empty name", text, `{"name":"","text":"hello"}`, 1008},
	}
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			eve := open(t, p.addr, "/ws", "chat")
			eve.send(t, true, tt.opcode, tt.message)
			eve.send(t, true, text, `{"name":"eve","text":"still here?"}`)
			eve.wantClose(t, tt.code)
		})
	}

	// The first that the others receive after all that is what bob says.
	reply := `{"name":"bob","text":"nothing happened"}`
	bob.send(t, true, text, reply)
	bob.want(t, text, reply)
	ann.want(t, text, reply)
	outside.send(t, true, text, "echo")
	outside.want(t, text, "echo")
}

func TestGameOnTheWire(t *testing.T) {
	p := startServe(t)
	ann := open(t, p.addr, "/ws", "gamepos")
	ann.send(t, true, text, `{"id":"teal","x":0.5,"y":0.5}`)
	ann.send(t, true, ping, "") // its answer says that the position was received
	ann.want(t, pong, "")

	bob := open(t, p.addr, "/ws", "gamepos")
	bob.want(t, text, `{"id":"teal","x":0.5,"y":0.5}`)
	bob.send(t, true, text, `{"id":"plum","x":0,"y":1}`)
	ann.want(t, text, `{"id":"plum","x":0,"y":1}`)
	bob.send(t, true, text, `{"id":"plum","x":0.125,"y":1}`)
	ann.want(t, text, `{"id":"plum","x":0.125,"y":1}`)

	eve := open(t, p.addr, "/ws", "gamepos")
	eve.send(t, true, text, `{"id":"teal","x":0,"y":0}`)
	for opcode := byte(text); opcode == text; { // where the others are, then the Close frame
		var payload string
		if opcode, payload = eve.receive(t); opcode != text && payload[:2] != closePayload(1008, "") {
			t.Errorf("taking an id: received opcode %#x %q, want Close with 1008", opcode, payload)
		}
	}

	bob.send(t, true, closing, closePayload(1000, ""))
	ann.want(t, text, `{"id":"plum","left":true}`)
	ann.send(t, true, text, `{"id":"teal","x":2,"y":0}`)
	ann.wantClose(t, 1008)
}
