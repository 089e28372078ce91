package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// visit is an honest client on one generation of the server.
type visit struct {
	g       *generation
	shape   *shape
	door    door
	r       *rand.Rand
	limit   time.Duration // of the server, for a Pong
	timeout time.Duration
	score   *shapeScore
	sending sync.WaitGroup // of a batch
}

// rest lets time pass between two exchanges: more of it if the last one took long, so that
// the run does not starve itself on a machine that has other things to do, and never so
// much that a Ping is not answered.
func (v *visit) rest(took time.Duration) {
	time.Sleep(min(max(v.shape.pause, 3*took), v.limit/4))
}

// stay is what it does there until the server is shut down. It returns what went
// wrong.
type stay func(v *visit) error

// honest is a client that comes back after every shutdown.
func (s *soak) honest(sh *shape, score *shapeScore, d door, r *rand.Rand) {
	stay := sh.stay
	if stay == nil {
		stay = echoes
	}
	for {
		g, err := s.site.enter()
		if err != nil {
			return
		}
		v := &visit{g: g, shape: sh, door: d, r: r, limit: s.limit, timeout: s.timeout, score: score}
		if err := stay(v); err != nil {
			s.tally.fail(fmt.Sprintf("%s, at %s", sh.name, d.path), err)
		}
		g.clients.Done()
	}
}

// connected reports whether there is a connection, and else an error if there should
// be one: a server that is being shut down takes nobody.
func (v *visit) connected(err error) (bool, error) {
	if err != nil && v.g.isDown() && isEnd(err) {
		return false, nil
	}
	return err == nil, err
}

// peer is what echoes need of a connection.
type peer interface {
	number() uint64

	// send sends the batch, while another goroutine receives.
	send(batch []message) error

	// receive reads the next message. The error is a *closing if the server closes.
	receive() (websocket.Opcode, []byte, error)

	// end answers the Close frame, if nobody has, and waits for the end.
	end(code websocket.StatusCode) error

	// wait gives all that follows so long.
	wait(d time.Duration)

	// abandon ends the connection in no order.
	abandon()
}

// echoes connects, and exchanges messages.
func echoes(v *visit) error {
	l, err := connect(background, v.g, v.door, v.r, v.timeout)
	if ok, err := v.connected(err); !ok {
		return err
	}
	l.dress = v.shape.dress
	return v.exchangeAll(l)
}

// exchangeAll exchanges messages until the server is shut down, and says so.
func (v *visit) exchangeAll(p peer) error {
	defer v.sending.Wait()
	defer p.abandon()
	var got Account
	for {
		p.wait(v.timeout)
		start := time.Now()
		if err := v.exchange(p, &got); err != nil {
			return v.closed(p, got, err)
		}
		v.rest(time.Since(start))
	}
}

// exchange sends a batch and compares what comes back.
func (v *visit) exchange(p peer, got *Account) error {
	var batch []message
	for range v.shape.depth {
		batch = append(batch, v.shape.compose(v.r))
	}
	sent := make(chan error, 1)
	start := time.Now()
	v.sending.Go(func() { sent <- p.send(batch) })
	for i, m := range batch {
		op, payload, err := p.receive()
		if err == nil {
			err = m.compare(op, payload)
		}
		if err != nil {
			if c, ok := errors.AsType[*closing](err); !ok || c.code != websocket.StatusGoingAway {
				v.score.lose(batch[i:])
			}
			return err
		}
		got.Messages++
		got.Bytes += int64(len(payload))
		v.score.receive(len(payload), time.Since(start))
	}
	return <-sent
}

// compare reports how an echo differs from m.
func (m message) compare(op websocket.Opcode, p []byte) error {
	switch {
	case op != m.op:
		return fmt.Errorf("the echo is %v, want %v", op, m.op)
	case len(p) != len(m.payload):
		return fmt.Errorf("the echo has %d bytes, want %d", len(p), len(m.payload))
	case !bytes.Equal(p, m.payload):
		at := 0
		for p[at] == m.payload[at] {
			at++
		}
		return fmt.Errorf("byte %d of an echo of %d is %#02x, want %#02x", at, len(p), p[at], m.payload[at])
	}
	return nil
}

// closed judges the end of a connection on which got has come: a shutdown with 1001
// is as it should be, and then the server must have sent no more than that.
func (v *visit) closed(p peer, got Account, err error) error {
	c, ok := errors.AsType[*closing](err)
	if !ok || c.code != websocket.StatusGoingAway || !v.g.isDown() {
		return err
	}
	v.g.record(p.number(), got)
	if err := p.end(c.code); err != nil {
		return fmt.Errorf("after the Close frame with %d: %w", c.code, err)
	}
	return nil
}

func (l *link) number() uint64                             { return l.id }
func (l *link) receive() (websocket.Opcode, []byte, error) { return l.message() }
func (l *link) abandon()                                   { l.nc.Close() }

func isEOF(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
