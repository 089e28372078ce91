package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/trace"
)

// logged logs what happens to a connection and hands it on to Handler.
type logged struct {
	websocket.Handler
	log *slog.Logger
}

func (h *logged) Open(c *websocket.Conn) {
	h.log.Info("Connection established with "+c.RemoteAddr().String(), "subprotocol", c.Subprotocol())
	h.Handler.Open(c)
}

func (h *logged) Message(c *websocket.Conn, op websocket.Opcode, p []byte) {
	h.log.Info("Received the message "+logLine(op, p), "from", c.RemoteAddr())
	h.Handler.Message(c, op, p)
}

func (h *logged) Close(c *websocket.Conn, err error) {
	h.log.Info("Connection ended with "+c.RemoteAddr().String(), ending(err)...)
	h.Handler.Close(c, err)
}

// logRefusals returns hooks that also log the opening handshakes that fail, but
// not those that end without a word: browsers open connections that they then
// do not need.
func logRefusals(hooks websocket.Hooks, log *slog.Logger) websocket.Hooks {
	refused := hooks.Refused
	hooks.Refused = func(r *websocket.Request, err error) {
		refused(r, err)
		if timeout, ok := errors.AsType[net.Error](err); err == io.EOF || ok && timeout.Timeout() {
			return
		}
		log.Warn("Refused the opening handshake of "+r.RemoteAddr().String(), "status", refusalStatus(err), "error", clip(err.Error()))
	}
	return hooks
}

// ending returns how a connection ended as attributes: the status code, and the
// reason in the peer's Close frame or else the error that ended it.
func ending(err error) []any {
	code := slog.Int("code", int(websocket.CloseStatus(err)))
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && closed.Err == nil {
		return []any{code, slog.String("reason", clip(closed.Reason))}
	}
	return []any{code, slog.Any("error", err)}
}

const (
	logLineLength  = 120 // characters of a text message that its log line shows
	logBinaryBytes = 32  // bytes of a binary message that its log line shows
)

// logLine returns a message in a form that fits into one line of a log: text
// with what cannot be printed escaped as in Go, binary as length and hex, both
// cut with "…" when long.
func logLine(op websocket.Opcode, p []byte) string {
	if op == websocket.OpText {
		return clip(string(p[:min(len(p), logLineLength*utf8.UTFMax+utf8.UTFMax)]))
	}
	shown := p[:min(len(p), logBinaryBytes)]
	line := fmt.Sprintf("[%d bytes] % x", len(p), shown)
	if len(shown) < len(p) {
		line += " …"
	}
	return line
}

// clip returns s with all that is not printable, and the backslash, escaped,
// cut to logLineLength characters with "…" as the last.
func clip(s string) string { return trace.Clip([]byte(s), logLineLength, `\`) }
