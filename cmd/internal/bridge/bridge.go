// Package bridge connects a WebSocket with the standard input and output of a program,
// or with a TCP or unix socket, and is `zerowire listen`.
package bridge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket"
)

// Stream is the other end of a bridge.
type Stream struct {
	In   io.Reader      // what goes to the WebSocket
	Out  io.WriteCloser // where its messages go
	End  func() error   // waits for the other end, or ends it, after Out is closed
	Kill func() error   // ends it at once, if it is a program
}

// endTime is how long a program may take to end once its input has ended.
const endTime = 2 * time.Second

// Start starts a program with its arguments, behind a -- if there is one. Its standard
// error is that of this process.
func Start(command []string) (*Stream, error) {
	if command[0] == "--" && len(command) > 1 {
		command = command[1:]
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end := func() error {
		alarm := time.AfterFunc(endTime, func() { cmd.Process.Kill() })
		defer alarm.Stop()
		return cmd.Wait()
	}
	return &Stream{In: in, Out: out, End: end, Kill: cmd.Process.Kill}, nil
}

// maxLine is the longest line that becomes one message, in bytes; a longer one is an
// error. maxChunk is the largest message without lines.
const (
	maxLine  = 64 << 20
	maxChunk = 32 << 10
)

// Join passes on what both ends send until one of them ends, and ends the other: the
// WebSocket with 1000, or with 1011 after an error of the stream. With lines, each line
// of the stream is a text message, or a binary one if it is not UTF-8, and each message
// a line; otherwise the bytes of messages are those of the stream. It returns what
// ended the WebSocket, nil if the closing handshake did in order.
func Join(ctx context.Context, c *websocket.Conn, s *Stream, lines bool) error {
	fed := make(chan error, 1)
	go func() {
		err := feed(ctx, c, s.In, lines)
		code, reason := websocket.StatusNormalClosure, ""
		if err != nil {
			code, reason = websocket.StatusInternalError, "the other end of the bridge failed"
		}
		c.Close(code, reason)
		fed <- err
	}()
	err := drain(ctx, c, s.Out, lines)
	if ctx.Err() != nil {
		c.Close(websocket.StatusGoingAway, "")
	}
	s.Out.Close()
	ended := s.End()
	c.CloseNow()
	<-fed
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok && InOrder(closed.Code) {
		return ended
	}
	return err
}

// InOrder reports whether a peer that closes with code is content.
func InOrder(code websocket.StatusCode) bool {
	switch code {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusReceived:
		return true
	}
	return false
}

// feed sends what comes from in, and returns what went wrong with in.
func feed(ctx context.Context, c *websocket.Conn, in io.Reader, lines bool) error {
	scanner := bufio.NewScanner(in)
	scanner.Buffer(make([]byte, maxChunk), maxLine)
	if !lines {
		scanner.Split(asItComes)
	}
	for scanner.Scan() {
		op := websocket.OpBinary
		if lines && utf8.Valid(scanner.Bytes()) {
			op = websocket.OpText
		}
		if c.Write(ctx, op, scanner.Bytes()) != nil {
			return nil // drain reports what ended the connection
		}
	}
	if err := scanner.Err(); !errors.Is(err, os.ErrClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// asItComes is the bufio.SplitFunc of a stream without lines.
func asItComes(data []byte, _ bool) (n int, chunk []byte, err error) {
	if len(data) == 0 {
		return 0, nil, nil
	}
	return len(data), data, nil
}

// drain writes the messages that come to out, until the connection ends.
func drain(ctx context.Context, c *websocket.Conn, out io.Writer, lines bool) error {
	for {
		_, p, err := c.Read(ctx)
		if err != nil {
			return err
		}
		if lines {
			p = append(bytes.Clone(p), '\n')
		}
		if _, err := out.Write(p); err != nil {
			out = io.Discard // feed ends the connection when the other end has nothing more to say
		}
	}
}
