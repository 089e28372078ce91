package connect

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// lateFeed is how long a feed may take to notice that the connection has ended,
// unless it waits for input.
const lateFeed = 100 * time.Millisecond

// pass sends what it reads from in, until its end, and shows what comes until
// nothing has for the time wait; less than 0 waits for the server to close.
func (s *session) pass(ctx context.Context, in io.Reader, binary bool, wait time.Duration) error {
	ended := s.receive()
	fed := make(chan error, 1)
	go func() { fed <- s.feed(ctx, in, binary) }()

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
	return s.finish(ctx, ended, wait)
}

// finish waits until nothing has come for the time wait, and closes.
func (s *session) finish(ctx context.Context, ended <-chan error, wait time.Duration) error {
	s.hear() // from now on
	alarm := time.NewTimer(wait)
	defer alarm.Stop()
	if wait < 0 {
		alarm.Stop() // it never rings
	}
	for {
		select {
		case err := <-ended:
			return s.outcome(err)
		case <-ctx.Done():
			return s.interrupt(ended)
		case <-alarm.C:
		}
		left := wait - s.silence()
		if left <= 0 {
			s.close(websocket.StatusNormalClosure, "")
			return s.outcome(<-ended)
		}
		alarm.Reset(left)
	}
}

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

// feed sends what it reads from in.
func (s *session) feed(ctx context.Context, in io.Reader, binary bool) error {
	if binary {
		return s.feedBinary(ctx, in)
	}
	lines := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
			if !utf8.Valid(line) {
				return fmt.Errorf("%w: line %d is not UTF-8: --binary sends any bytes", errInput, number)
			}
			if err := s.conn.Write(ctx, websocket.OpText, line); err != nil {
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
	w, err := s.conn.Writer(ctx, websocket.OpBinary)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, readError{in}); err != nil {
		return err
	}
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
