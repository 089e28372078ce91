package load

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
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
		c, err := f.dial()
		if err != nil {
			return err
		}
		c.batches = batches(begun)
		begun++
		return nil
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
	for _, c := range f.conns {
		if err := f.sendBatch(c); err != nil {
			return 0, err
		}
	}
	err = f.run(func(c *conn) error {
		messages += len(c.check.want)
		if time.Now().Before(end) {
			return f.sendBatch(c)
		}
		f.waiting--
		return nil
	})
	return messages, err
}

// sendBatch sends the next batch of c.
func (f *Fleet) sendBatch(c *conn) error {
	b := &c.batches[c.turn]
	c.turn = (c.turn + 1) % len(c.batches)
	c.check.Expect(b.Messages)
	return f.send(c, b.Wire)
}

// Receive lets the server send m to every connection, which publish has to
// cause, and returns the number of deliveries.
func (f *Fleet) Receive(m []Message, publish func() error) (messages int, err error) {
	f.waiting = len(f.conns)
	for _, c := range f.conns {
		c.check.Expect(m)
	}
	if err := publish(); err != nil {
		return 0, err
	}
	err = f.run(func(*conn) error {
		messages += len(m)
		f.waiting--
		return nil
	})
	return messages, err
}

// ReceiveFor is Receive again and again, each time when the message before has
// reached everyone, until d is over. It returns the number of deliveries until
// then, of which a server that waits for somebody may owe the rest.
func (f *Fleet) ReceiveFor(d time.Duration, m []Message, publish func() error) (messages int, err error) {
	defer func(stall, limit time.Duration) { f.Stall, f.Limit = stall, limit }(f.Stall, f.Limit)
	end := time.Now().Add(d)
	for left := d; left > 0; left = time.Until(end) {
		f.Stall, f.Limit = left, left
		n, err := f.Receive(m, publish)
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
	for fd, c := range f.conns {
		if !c.tight {
			continue
		}
		if err := unix.EpollCtl(f.epoll, unix.EPOLL_CTL_DEL, int(fd), nil); err != nil {
			return fmt.Errorf("load: epoll_ctl: %w", err)
		}
		f.deaf = append(f.deaf, fd)
		delete(f.conns, fd)
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
		c, err := f.dial()
		if err != nil {
			return err
		}
		begun++
		c.batches = batches
		return nil
	}
	f.waiting = n
	for range min(n, atOnce) {
		if err := more(); err != nil {
			return err
		}
	}
	return f.run(func(c *conn) error {
		switch {
		case c.phase == open && c.check.want == nil:
			return f.sendBatch(c)
		case c.phase == open && !f.Raw:
			c.phase = closing
			return f.send(c, closeFrame)
		case c.phase == open:
			f.drop(c)
		}
		f.waiting--
		return more()
	})
}

// closeFrame closes a connection with code 1000.
var closeFrame = appendFrame(nil, opClose, []byte{0x03, 0xE8}, [4]byte{1, 2, 3, 4})
