package load

import (
	"errors"
	"fmt"
	"time"

	"github.com/zerowire/websocket/codec"
)

// atOnce is how many connections are opened at the same time.
const atOnce = 128

// Open opens n more connections, each of which will send the batches that
// batches(i) returns, in turn.
func (f *Fleet) Open(n int, batches func(i int) []Batch) error {
	begun, done := 0, 0
	more := func() error {
		if begun == n {
			return nil
		}
		_, err := f.dial(batches(begun))
		begun++
		return err
	}
	f.waiting = n
	for range min(n, atOnce) {
		if err := more(); err != nil {
			return err
		}
	}
	return f.run(func(*conn) error {
		done++
		f.waiting = n - done
		return more()
	})
}

// Exchange lets every connection send batch after batch, each when the one
// before has come back, until d is over and at least once. It returns the
// number of messages that came back.
func (f *Fleet) Exchange(d time.Duration) (messages int, err error) {
	end := time.Now().Add(d)
	f.waiting = len(f.conns)
	for c := range f.conns {
		if err := c.sendBatch(); err != nil {
			return 0, err
		}
	}
	err = f.run(func(c *conn) error {
		messages += c.Script.Len()
		if time.Now().Before(end) {
			return c.sendBatch()
		}
		f.waiting--
		return nil
	})
	return messages, err
}

// expected returns the batches as they come back.
func (f *Fleet) expected(batches []Batch) []Batch {
	if !f.Raw {
		return batches
	}
	var mirrored []Batch
	for _, b := range batches {
		mirrored = append(mirrored, Batch{b.Mirrored()})
	}
	return mirrored
}

// sendBatch sends the next batch of c.
func (c *conn) sendBatch() error {
	b := c.batches[c.turn]
	c.turn = (c.turn + 1) % len(c.batches)
	c.Begin(b.Script, 0)
	c.Sent, c.owed = int64(b.Len()), true
	return c.flush()
}

// Receive lets the server send b to every connection, which publish has to
// cause, and returns the number of deliveries. A raw connection gets the payloads.
func (f *Fleet) Receive(b Batch, publish func() error) (messages int, err error) {
	if f.Raw {
		b = Batch{b.Bare()}
	}
	f.waiting = len(f.conns)
	for c := range f.conns {
		c.Begin(b.Script, 0)
		c.Await(b.Len())
		c.owed = true
	}
	if err := publish(); err != nil {
		return 0, err
	}
	err = f.run(func(*conn) error {
		messages += b.Len()
		f.waiting--
		return nil
	})
	return messages, err
}

// ReceiveFor is Receive again and again, each time when the message before has
// reached everyone, until d is over. It returns the number of deliveries until
// then, of which a server that waits for somebody may owe the rest.
func (f *Fleet) ReceiveFor(d time.Duration, b Batch, publish func() error) (messages int, err error) {
	defer func(stall, limit time.Duration) { f.Stall, f.Limit = stall, limit }(f.Stall, f.Limit)
	end := time.Now().Add(d)
	for left := d; left > 0; left = time.Until(end) {
		f.Stall, f.Limit = left, left
		n, err := f.Receive(b, publish)
		messages += n
		if errors.Is(err, errHanging) {
			break
		}
		if err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// Deafen has one of Deaf connections read no more, and leaves them open. No
// method does anything with them any more.
func (f *Fleet) Deafen() error {
	for c := range f.conns {
		if !c.tight {
			continue
		}
		if err := c.Ignore(); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		delete(f.conns, c)
	}
	return nil
}

// Churn lives through n whole connections, some at the same time: connect,
// upgrade, exchange batch b, close with a closing handshake. A raw connection
// is closed by the client.
func (f *Fleet) Churn(n int, b Batch) error {
	begun := 0
	batches := []Batch{b}
	more := func() error {
		if begun == n {
			return nil
		}
		begun++
		_, err := f.dial(batches)
		return err
	}
	f.waiting = n
	for range min(n, atOnce) {
		if err := more(); err != nil {
			return err
		}
	}
	return f.run(func(c *conn) error {
		switch {
		case c.phase == open && c.Script == nil:
			return c.sendBatch()
		case c.phase == open && !f.Raw:
			c.phase = leaving
			c.Stream.Close(codec.StatusNormalClosure)
			return c.flush()
		case c.phase == open:
			c.drop()
		}
		f.waiting--
		return more()
	})
}
