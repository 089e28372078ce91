package connect

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

const commandHelp = `  /close [CODE [REASON]]  close with this status code, 1000 if none is given
  /text TEXT              send TEXT with its escapes replaced: \n \r \t \0 \\ \xHH \u{H…}
  /ping                   send a Ping and show how long its Pong takes
  /quit                   close with 1000, as Ctrl-C and Ctrl-D do
  /help                   show this list
  //TEXT                  send /TEXT`

// pongTime is how long /ping waits.
const pongTime = 10 * time.Second

// maxTyped is how many lines may wait to be sent.
const maxTyped = 1024

// converse sends what is typed at a prompt, and shows what comes above it.
func (s *session) converse(ctx context.Context, c *Command) error {
	p := newPrompt(s.out, !c.NoHistory)
	s.greet(c.URL)
	typed, sent := make(chan string, maxTyped), make(chan struct{})
	go func() {
		defer close(sent)
		for line := range typed {
			s.typed(ctx, line, c, p)
		}
	}()
	ended := s.receive()
	left := make(chan error, 1)
	go func() {
		defer close(typed)
		left <- p.run(ctx, func(line string) {
			select {
			case typed <- line:
			default:
				s.out.complaint("not sent: %d lines wait for the server already", maxTyped)
			}
		})
	}()

	var err error
	select {
	case err = <-ended:
		p.stop()
		<-left
		return s.outcome(err)
	case err = <-left:
	}
	<-sent
	s.close(websocket.StatusNormalClosure, "")
	if end := s.outcome(<-ended); err == nil {
		err = end
	}
	if err == nil && ctx.Err() != nil {
		return reach.Interrupted{}
	}
	return err
}

func (s *session) greet(url string) {
	with := ""
	conn := s.current.Load()
	if conn == nil {
		s.out.notice("Connecting to %s, again whenever the connection ends. /help lists commands.", reach.WithoutPassword(url))
		return
	}
	if name := conn.Subprotocol(); name != "" {
		with = ", sub-protocol " + name
	}
	s.out.notice("Connected to %s%s. /help lists commands.", reach.WithoutPassword(url), with)
}

// typed does what a line says.
func (s *session) typed(ctx context.Context, line string, c *Command, p *prompt) {
	if text, ok := strings.CutPrefix(line, "/"); ok && !strings.HasPrefix(text, "/") {
		s.command(ctx, text, p)
		return
	}
	if strings.HasPrefix(line, "//") {
		line = line[1:]
	}
	if err := s.sendLine(ctx, line, c.Binary, c.Escapes); err != nil {
		s.out.complaint("not sent: %v", reach.Plain(err))
	}
}

// sendLine sends a message that is written in a line, or several that were pasted.
func (s *session) sendLine(ctx context.Context, line string, binary, escapes bool) error {
	op, payload, err := parseLine(line, binary, escapes)
	if err != nil {
		return err
	}
	return s.write(ctx, op, payload)
}

// parseLine returns the message that a line stands for.
func parseLine(line string, binary, escapes bool) (op websocket.Opcode, payload []byte, err error) {
	op, payload = websocket.OpText, []byte(line)
	switch {
	case binary:
		op = websocket.OpBinary
		payload, err = parseBytes(line)
	case escapes:
		payload, err = unescape(line)
	}
	if err == nil && op == websocket.OpText && !utf8.Valid(payload) {
		err = errNotUTF8
	}
	if err != nil {
		return 0, nil, err
	}
	return op, payload, nil
}

// command does what was typed behind a slash.
func (s *session) command(ctx context.Context, text string, p *prompt) {
	name, rest, _ := strings.Cut(text, " ")
	escaped, rest := rest, strings.TrimSpace(rest)
	switch name {
	case "text":
		if err := s.sendLine(ctx, escaped, false, true); err != nil {
			s.out.complaint("/text: %v", reach.Plain(err))
		}
	case "close":
		if err := s.closeWith(rest); err != nil {
			s.out.complaint("/close: %v", reach.Plain(err))
		}
	case "ping":
		if rest != "" {
			s.out.complaint("/ping takes no text: the payload tells the Pong that answers it from others")
			return
		}
		go s.ping(ctx, pongTime, false)
	case "quit", "exit":
		p.stop()
	case "help":
		s.out.notice("%s", commandHelp)
	default:
		s.out.complaint("there is no command /%s: /help lists them, and //%s sends /%s", reach.Printable(name), reach.Printable(text), reach.Printable(text))
	}
}

// closeWith begins the closing handshake with the code and the reason that were
// typed.
func (s *session) closeWith(arguments string) error {
	first, reason, _ := strings.Cut(arguments, " ")
	code := uint64(websocket.StatusNormalClosure)
	if first != "" {
		var err error
		if code, err = strconv.ParseUint(first, 10, 16); err != nil {
			return fmt.Errorf("%q is no status code: want 1000, or 3000 to 4999, or another that may be sent (RFC 6455 §7.4)", first)
		}
	}
	return s.close(websocket.StatusCode(code), strings.TrimSpace(reason))
}
