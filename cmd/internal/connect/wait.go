package connect

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/reach"
)

// seconds is a time on the command line: 5, 5s or 500ms; negative for no end.
type seconds time.Duration

// UnmarshalText parses a number of seconds, or what [time.ParseDuration] takes.
func (s *seconds) UnmarshalText(text []byte) error {
	if n, err := strconv.ParseFloat(string(text), 64); err == nil && n > -1e9 && n < 1e9 {
		*s = seconds(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no time: want seconds such as 5, or a time such as 500ms; -1 has no end", text)
	}
	*s = seconds(d)
	return nil
}

// waiting is how long to wait for messages.
type waiting struct {
	endless bool
	first   time.Duration // for the first one after the last that was sent
	next    time.Duration // for each further one
}

// waiting returns what --wait says.
func (c *Command) waiting() waiting {
	switch {
	case c.Wait != nil:
		d := time.Duration(*c.Wait)
		return waiting{endless: d < 0, first: d, next: d}
	case len(c.Send) > 0:
		return waiting{endless: true}
	}
	return waiting{first: 10 * time.Second, next: time.Second}
}

// sendFirst sends what --send asks for.
func (s *session) sendFirst(ctx context.Context, c *Command, conn *websocket.Conn) error {
	for _, text := range c.Send {
		op, payload, err := parseLine(text, c.Binary, c.Escapes)
		if err == nil {
			s.ask()
			err = conn.Write(ctx, op, payload)
		}
		if err != nil {
			return fmt.Errorf("--send: %w", reach.Plain(err))
		}
	}
	return nil
}
