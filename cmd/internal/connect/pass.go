package connect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// lateFeed is how long a feed may take to notice that the connection has ended,
// unless it waits for input.
const lateFeed = 100 * time.Millisecond

// pass sends what it reads from in, until its end, and shows what comes until
// nothing has for the time that c.Wait says.
func (s *session) pass(ctx context.Context, in *os.File, c *Command) error {
	ended := s.receive()
	fed := make(chan error, 1)
	go func() { fed <- s.feed(ctx, in, c) }()

	var err error
	select {
	case err = <-ended:
		return s.cutShort(err, fed)
	case <-ctx.Done():
		return s.interrupt(ended)
	case err = <-fed:
	}
	switch {
	case errors.Is(err, errInput):
		s.close(websocket.StatusNormalClosure, "")
		<-ended
		return err
	case ctx.Err() != nil:
		return s.interrupt(ended)
	case err != nil:
		return s.unsent(<-ended)
	}
	return s.finish(ctx, ended, c.waiting())
}

// finish waits for messages as long as p says, and closes.
func (s *session) finish(ctx context.Context, ended <-chan error, p waiting) error {
	from := time.Now()
	for {
		silence := min(s.silence(), time.Since(from))
		left := p.first - silence
		if s.answered() {
			left = p.next - silence
		}
		if left <= 0 && !p.endless {
			break
		}
		alarm := make(<-chan time.Time)
		if !p.endless {
			alarm = time.After(min(left, lookAgain))
		}
		select {
		case err := <-ended:
			return s.outcome(err)
		case <-ctx.Done():
			return s.interrupt(ended)
		case <-alarm:
		}
	}
	if !s.answered() && s.asked.Load() > 0 && p.first > 0 {
		s.out.complaint("no answer within %v: the connection is closed; a longer --wait waits longer", p.first)
	}
	s.close(websocket.StatusNormalClosure, "")
	return s.outcome(<-ended)
}

// lookAgain is how long the time to wait is at most until it is determined anew: the
// first answer shortens it.
const lookAgain = 100 * time.Millisecond

// interrupt closes because of a signal.
func (s *session) interrupt(ended <-chan error) error {
	s.close(websocket.StatusNormalClosure, "")
	<-ended
	return reach.Interrupted{}
}

// cutShort is the outcome of a connection that err has ended before the feed has
// said that it is done.
func (s *session) cutShort(err error, fed <-chan error) error {
	select {
	case failed := <-fed:
		if failed != nil {
			return s.unsent(err)
		}
	case <-time.After(lateFeed): // it waits for input, which nobody needs any more
	}
	return s.outcome(err)
}

// unsent is the outcome of a connection that err has ended before all was sent.
func (s *session) unsent(err error) error {
	if failed := s.outcome(err); failed != nil {
		return failed
	}
	return fmt.Errorf("not all input was sent: %w", err)
}

// errInput is the reason if what was read is what cannot be sent.
var errInput = errors.New("standard input")

// maxTerminalLine is how many bytes a terminal in line mode passes on, on Linux: the rest of a
// longer line is lost (termios(3), canonical mode).
const maxTerminalLine = 4095

// feed sends what it reads from in.
func (s *session) feed(ctx context.Context, in *os.File, c *Command) error {
	if c.Binary {
		return s.feedBinary(ctx, in)
	}
	typed := isTerminal(in)
	lines := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if typed && len(line) >= maxTerminalLine {
				return fmt.Errorf("%w: line %d is longer than a terminal passes on, which is %d bytes: send it from a file or a pipe", errInput, number, maxTerminalLine-1)
			}
			op, payload, err := parseLine(string(line), false, c.Escapes)
			if err != nil {
				return fmt.Errorf("%w: line %d: %w", errInput, number, err)
			}
			s.ask()
			if err := s.write(ctx, op, payload); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", errInput, err)
		}
	}
}

// feedBinary sends all of in as one message, as it comes.
func (s *session) feedBinary(ctx context.Context, in io.Reader) error {
	w, err := s.current.Load().Writer(ctx, websocket.OpBinary)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, readError{in}); err != nil {
		return err
	}
	s.ask()
	return w.Close()
}

// readError marks the errors of a reader as those of the input.
type readError struct{ io.Reader }

func (r readError) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", errInput, err)
	}
	return n, err
}
