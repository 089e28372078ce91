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
	p, err := newPrompt(s.out, !c.NoHistory)
	if err != nil {
		return err
	}
	s.greet(c.URL)
	typed, sent := make(chan string, maxTyped), make(chan struct{})
	go func() {
		defer close(sent)
		for line := range typed {
			s.typed(ctx, line, c.Binary, p)
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
	if name := s.conn.Subprotocol(); name != "" {
		with = ", sub-protocol " + name
	}
	s.out.notice("Connected to %s%s. /help lists commands.", reach.WithoutPassword(url), with)
}

// typed does what a line says.
func (s *session) typed(ctx context.Context, line string, binary bool, p *prompt) {
	if text, ok := strings.CutPrefix(line, "/"); ok && !strings.HasPrefix(text, "/") {
		s.command(ctx, text, p)
		return
	}
	if strings.HasPrefix(line, "//") {
		line = line[1:]
	}
	op, payload := websocket.OpText, []byte(line)
	if binary {
		var err error
		if payload, err = parseBytes(line); err != nil {
			s.out.complaint("not sent: %v", err)
			return
		}
		op = websocket.OpBinary
	}
	if err := s.conn.Write(ctx, op, payload); err != nil {
		s.out.complaint("not sent: %v", reach.Plain(err))
	}
}

// command does what was typed behind a slash.
func (s *session) command(ctx context.Context, text string, p *prompt) {
	name, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch name {
	case "close":
		if err := s.closeWith(rest); err != nil {
			s.out.complaint("/close: %v", reach.Plain(err))
		}
	case "ping":
		if rest != "" {
			s.out.complaint("/ping takes no text: the payload tells the Pong that answers it from others")
			return
		}
		go s.ping(ctx, pongTime)
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

// parseBytes reads the bytes of a binary message: pairs of hex digits, or, if there
// is a backslash in it, text with the escapes of Go.
func parseBytes(line string) ([]byte, error) {
	if strings.Contains(line, `\`) {
		return unescape(line)
	}
	p := make([]byte, 0, len(line)/2)
	for word := range strings.FieldsSeq(line) {
		for ; len(word) >= 2; word = word[2:] {
			b, err := strconv.ParseUint(word[:2], 16, 8)
			if err != nil {
				return nil, errBytes
			}
			p = append(p, byte(b))
		}
		if word != "" {
			return nil, errBytes
		}
	}
	return p, nil
}

func unescape(line string) ([]byte, error) {
	var p []byte
	for line != "" {
		r, multibyte, rest, err := strconv.UnquoteChar(line, 0)
		if err != nil {
			return nil, errBytes
		}
		if multibyte {
			p = utf8.AppendRune(p, r)
		} else {
			p = append(p, byte(r))
		}
		line = rest
	}
	return p, nil
}

var errBytes = fmt.Errorf(`want pairs of hex digits, such as "de ad be ef", or text with escapes, such as "\x00\n"`)
