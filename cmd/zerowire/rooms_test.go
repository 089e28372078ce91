package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
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

// TestSlowGuestIsClosed has somebody in the chat who does not read for a while, longer
// than the system and the hub keep messages for it.
func TestSlowGuestIsClosed(t *testing.T) {
	t.Parallel()
	const longer = 6 * patience // for a closing handshake behind so many messages
	p := startServe(t, "--grace="+longer.String())
	slow, ann := open(t, p.addr, "/ws", "chat"), open(t, p.addr, "/ws", "chat")
	slow.SetDeadline(time.Now().Add(2 * longer))
	slow.Conn.(*net.TCPConn).SetReadBuffer(256 << 10)
	slow.send(t, true, ping, "") // its answer says that it is in the room
	slow.want(t, pong, "")
	ann.SetDeadline(time.Now().Add(longer))
	said := func(n int) string {
		return fmt.Sprintf(`{"name":"ann","text":"%d %s"}`, n, strings.Repeat("x", maxTextBytes-10))
	}
	received := 0
	receive := func() (closed bool) {
		opcode, payload := slow.receive(t)
		for opcode == ping {
			opcode, payload = slow.receive(t)
		}
		if opcode == closing {
			if !strings.HasPrefix(payload, closePayload(1013, "")) || received == 0 {
				t.Errorf("after %d messages received Close with %q, want 1013", received, payload)
			}
			slow.send(t, true, closing, payload[:2])
			slow.wantEnd(t)
			return true
		}
		if opcode != text || payload != said(received) {
			t.Fatalf("received opcode %#x %.40q, want message %d", opcode, payload, received)
		}
		received++
		return false
	}
	const messages = 3000 // 12 MiB: what a socket takes is less than half of it
	for n := range messages {
		ann.send(t, true, text, said(n))
		ann.want(t, text, said(n)) // who reads is not held up
		if n%100 == 99 {
			receive() // who takes nothing for ten seconds is aborted
		}
	}
	for !receive() {
		if received == messages {
			t.Fatal("received all messages")
		}
	}
}
