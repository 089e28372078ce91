package relay

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/codec"
)

// tape makes the lines of a recording of one connection.
type tape struct {
	lines []string
	at    float64
}

func newTape(extensions string) *tape {
	tp := &tape{lines: []string{`{"recording":1,"began":"2026-01-01T00:00:00Z","to":"ws://a"}`}}
	tp.head("client", request+extensions+"\r\n")
	tp.head("server", response+extensions+"\r\n")
	return tp
}

func (tp *tape) head(from, head string) {
	quoted, _ := json.Marshal(head)
	tp.lines = append(tp.lines, fmt.Sprintf(`{"connection":1,"at":%f,"from":%q,"head":%s}`, tp.at, from, quoted))
}

// frame records a frame, a millisecond behind what was recorded before it.
func (tp *tape) frame(from codec.Role, op codec.Opcode, fin bool, rsv uint8, payload string) *tape {
	tp.at += 0.001
	key := ""
	if from == codec.Client {
		key = `"key":"37fa213d",`
	}
	tp.lines = append(tp.lines, fmt.Sprintf(`{"connection":1,"at":%f,"from":%q,"opcode":%d,"fin":%t,"rsv":%d,%s"length":%d,"payload":%q}`,
		tp.at, from.String(), op, fin, rsv, key, len(payload), base64.StdEncoding.EncodeToString([]byte(payload))))
	return tp
}

// text records a text message of both ends: a question and its answer.
func (tp *tape) text(question, answer string) *tape {
	return tp.frame(codec.Client, codec.OpText, true, 0, question).frame(codec.Server, codec.OpText, true, 0, answer)
}

// pause lets time pass.
func (tp *tape) pause(seconds float64) *tape {
	tp.at += seconds
	return tp
}

// replayed plays a tape to serve, and returns what was printed.
func replayed(t *testing.T, tp *tape, c ReplayCommand, serve func(server *end)) (printed string, ok bool) {
	t.Helper()
	rec, err := recording.Open(write(t, tp.lines...))
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	served := make(chan struct{})
	go func() {
		defer close(served)
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		server := newEnd(t, nc, "server")
		defer server.Close()
		serve(server)
	}()
	to, err := newUpstream("ws://"+ln.Addr().String(), new(reach.Flags))
	if err != nil {
		t.Fatal(err)
	}
	if c.Wait == 0 {
		c.Wait = patience
	}
	var out bytes.Buffer
	failed := c.playAll(t.Context(), to, rec, &out)
	<-served
	return out.String(), failed == 0
}

// answer does the server's opening handshake.
func (e *end) answer(extensions string) {
	e.head()
	e.Write([]byte(response + extensions + "\r\n"))
}

// hear reads as many bytes as s has, and notes an error if they are not s. It is for
// goroutines that are not the test's.
func (e *end) hear(s string) {
	got := make([]byte, len(s))
	for n := 0; n < len(got); {
		m, err := e.Read(got[n:])
		if n += m; err != nil {
			e.Errorf("%s: %v after % x, want % x", e.name, err, got[:n], s)
			return
		}
	}
	if string(got) != s {
		e.Errorf("%s got % x, want % x", e.name, got, s)
	}
}

func (e *end) say(op codec.Opcode, fin bool, rsv uint8, payload string) {
	e.Write([]byte(frame(fromServer, op, fin, rsv, payload)))
}

func TestReplay(t *testing.T) {
	const closing = "\x03\xe8"
	hello := frame(fromClient, codec.OpText, true, 0, "Hello")
	closed := frame(fromClient, codec.OpClose, true, 0, closing)
	greeting := newTape("").text("Hello", "World").frame(codec.Client, codec.OpClose, true, 0, closing).frame(codec.Server, codec.OpClose, true, 0, closing)
	open := newTape("").text("Hello", "World")
	all := ReplayCommand{Compare: true}
	tests := []struct {
		name    string
		tape    *tape
		command ReplayCommand
		serve   func(server *end)
		want    string
	}{
		{"as recorded", greeting, all, func(s *end) {
			s.answer("")
			s.hear(hello)
			s.say(codec.OpText, true, 0, "World")
			s.hear(closed)
			s.say(codec.OpClose, true, 0, closing)
		}, "#1 2 frames sent, 2 answers as recorded\n"},
		{"fragmented otherwise", greeting, all, func(s *end) {
			s.answer("")
			s.hear(hello)
			s.say(codec.OpText, false, 0, "Wor")
			s.say(codec.OpPong, true, 0, "")
			s.say(codec.OpContinuation, true, 0, "ld")
			s.hear(closed)
			s.say(codec.OpClose, true, 0, closing)
		}, "#1 2 frames sent, 2 answers as recorded\n"},
		{"another answer, and another code", greeting, all, func(s *end) {
			s.answer("")
			s.hear(hello)
			s.say(codec.OpBinary, true, 0, "World")
			s.hear(closed)
			s.say(codec.OpClose, true, 0, "\x03\xe9why")
		}, `#1 answer 1 is binary of 5 bytes, 57 6f 72 6c 64; recorded was text of 5 bytes, "World"` + "\n" +
			`#1 answer 2 is close 1001 "why"; recorded was close 1000 ""` + "\n"},
		{"no answer", greeting, ReplayCommand{Compare: true, Wait: 50 * time.Millisecond}, func(s *end) {
			s.answer("")
			s.hear(hello + closed)
		}, `#1 answer 1 and 1 behind it did not come; recorded was text of 5 bytes, "World"` + "\n"},
		{"no answer in time", open, ReplayCommand{Compare: true, Wait: 50 * time.Millisecond}, func(s *end) {
			s.answer("")
			s.hear(hello + "\x88\x82")
		}, `#1 answer 1 and 0 behind it did not come; recorded was text of 5 bytes, "World"` + "\n"},
		{"one answer more", greeting, all, func(s *end) {
			s.answer("")
			s.hear(hello)
			s.say(codec.OpText, true, 0, "World")
			s.hear(closed)
			s.say(codec.OpText, true, 0, "!")
			s.say(codec.OpClose, true, 0, closing)
		}, `#1 answer 2 is text of 1 bytes, "!"; recorded was close 1000 ""` + "\n" +
			`#1 answer 3 and 0 behind it were not recorded: close 1000 ""` + "\n"},
		{"not compared", greeting, ReplayCommand{}, func(s *end) {
			s.answer("")
			s.hear(hello + closed)
			s.say(codec.OpText, true, 0, "something else")
		}, "#1 2 frames sent, 1 answers\n"},
		{"left open by the recording", open, all, func(s *end) {
			s.answer("")
			s.hear(hello)
			s.say(codec.OpText, true, 0, "World")
			s.hear("\x88\x82") // and a key that nobody knows
			s.say(codec.OpClose, true, 0, closing)
		}, "#1 1 frames sent, 1 answers as recorded\n"},
		{"a violation of the server", greeting, ReplayCommand{Compare: true, Wait: 3 * time.Second}, func(s *end) {
			s.answer("")
			s.hear(hello + closed)
			s.Write([]byte("\x83\x00"))
		}, "#1 the server broke a rule: reserved opcode (RFC 6455 §5.2)\n" +
			`#1 answer 1 and 1 behind it did not come; recorded was text of 5 bytes, "World"` + "\n"},
		{"refused", greeting, all, func(s *end) {
			s.head()
			s.Write([]byte("HTTP/1.1 403 Forbidden\r\n\r\n"))
		}, "#1 opening handshake: the server answers 403 Forbidden\n"},
		{"another extension", newTape(extended), all, func(s *end) {
			s.answer("")
		}, "#1 opening handshake: the server agrees on the extensions [], recorded were [\"permessage-deflate\"]: the frames cannot be sent as they are\n"},
		{"compressed otherwise", newTape(extended).frame(codec.Client, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00").frame(codec.Server, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00"), all, func(s *end) {
			s.answer(extended)
			s.hear(frame(fromClient, codec.OpText, true, codec.RSV1, "\xf2\x48\xcd\xc9\xc9\x07\x00"))
			s.say(codec.OpText, false, codec.RSV1, "\x00\x05\x00\xfa\xff\x48\x65\x6c")
			s.say(codec.OpContinuation, true, 0, "\x6c\x6f\x00")
			s.hear("\x88\x82")
		}, "#1 1 frames sent, 1 answers as recorded\n"},
		{"Pings are answered, and recorded Pongs left out", newTape("").frame(codec.Client, codec.OpPong, true, 0, "old").pause(0.1).text("Hello", "World"), ReplayCommand{Compare: true, Speed: 1}, func(s *end) {
			s.answer("")
			s.say(codec.OpPing, true, 0, "new")
			pong := make([]byte, 9)
			for n := 0; n < len(pong); {
				m, err := s.Read(pong[n:])
				if n += m; err != nil {
					s.Errorf("the answer to a Ping: %v after % x", err, pong[:n])
					return
				}
			}
			h, n, err := codec.ParseHeader(pong)
			codec.Mask(pong[n:], h.Key, 0)
			if err != nil || h.Opcode != codec.OpPong || !h.Masked || string(pong[n:]) != "new" {
				s.Errorf("the answer to a Ping: %+v %q, %v, want a Pong with \"new\"", h, pong[n:], err)
			}
			s.hear(hello)
			s.say(codec.OpText, true, 0, "World")
			s.hear("\x88\x82")
		}, "#1 1 frames sent, 1 answers as recorded\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := replayed(t, tt.tape, tt.command, tt.serve)
			if got != tt.want {
				t.Errorf("replay printed\n%swant\n%s", got, tt.want)
			}
			if asRecorded := strings.HasSuffix(tt.want, "as recorded\n") || !tt.command.Compare; ok != asRecorded {
				t.Errorf("replay: %t, want %t", ok, asRecorded)
			}
		})
	}
}

// TestReplayTakesItsTime plays a recording of 200 ms at several speeds.
func TestReplayTakesItsTime(t *testing.T) {
	tests := []struct {
		speed float64
		least time.Duration
	}{{1, 200 * time.Millisecond}, {2, 100 * time.Millisecond}, {0, 0}}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.speed), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			tp := newTape("").pause(0.2).text("Hello", "World")
			_, ok := replayed(t, tp, ReplayCommand{Compare: true, Speed: tt.speed}, func(s *end) {
				s.answer("")
				s.hear(frame(fromClient, codec.OpText, true, 0, "Hello"))
				s.say(codec.OpText, true, 0, "World")
				s.hear("\x88\x82")
			})
			if took := time.Since(began); !ok || took < tt.least {
				t.Errorf("replay at speed %v: %t after %v, want true after at least %v", tt.speed, ok, took, tt.least)
			}
		})
	}
}

// TestReplayOfAViolation sends what a broken client sent, byte by byte the same.
func TestReplayOfAViolation(t *testing.T) {
	tp := newTape("")
	raw := "\x81\x05Hello\xff\xff"
	tp.lines = append(tp.lines, fmt.Sprintf(`{"connection":1,"at":0,"from":"client","raw":%q}`, base64.StdEncoding.EncodeToString([]byte(raw))))
	tp.frame(codec.Server, codec.OpClose, true, 0, "\x03\xea")
	got, ok := replayed(t, tp, ReplayCommand{Compare: true}, func(s *end) {
		s.answer("")
		s.hear(raw)
		s.say(codec.OpClose, true, 0, "\x03\xea")
	})
	if want := "#1 1 frames sent, 1 answers as recorded\n"; got != want || !ok {
		t.Errorf("replay of a violation: %t\n%swant\n%s", ok, got, want)
	}
}

// TestScheduleIsThatOfTheRecording holds frames to when they were recorded.
func TestScheduleIsThatOfTheRecording(t *testing.T) {
	began := time.Now().Add(time.Hour)
	tests := []struct {
		speed, at float64
		want      time.Duration
	}{{1, 5, time.Hour + 2*time.Second}, {2, 5, time.Hour + time.Second}, {0.5, 4, time.Hour + 2*time.Second}, {0, 4, 0}}
	for _, tt := range tests {
		got := schedule{began: began, from: 3, speed: tt.speed}.until(tt.at)
		if off := got - tt.want; off > 0 || off < -time.Minute {
			t.Errorf("schedule at speed %v: until(%v) = %v, want %v", tt.speed, tt.at, got, tt.want)
		}
	}
}
