package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// fault is a kind of what hostile clients, and the network, do. It returns nil if the
// server has answered as documented, or has cut the connection within its limit.
type fault struct {
	name string
	do   func(a *attack) error
}

// faults are all kinds.
var faults = slices.Concat(churnFaults, stallFaults, floodFaults, resetFaults, violationFaults, refusalFaults, inflateFaults)

// attack is a fault being injected.
type attack struct {
	g       *generation
	r       *rand.Rand
	child   *child
	limit   time.Duration // of the server, for everything
	timeout time.Duration
	links   []*link
}

// inject lets a fault happen, and judges.
func (s *soak) inject(g *generation, e event) {
	defer g.clients.Done()
	a := &attack{g: g, r: newRand(e.seed), child: s.child, limit: s.limit, timeout: s.timeout}
	start := time.Now()
	err := e.fault.do(a)
	for _, l := range a.links {
		l.nc.Close()
	}
	s.note(e.fault.name, a.judge(err), time.Since(start), err)
}

// note counts a fault.
func (s *soak) note(name string, o outcome, took time.Duration, err error) {
	s.tally.fault(name, o, took)
	line := fmt.Sprintf("%7.3fs  %s: %v after %v", time.Since(s.tally.start).Seconds(), name, o, took.Round(time.Microsecond))
	if o == failed {
		s.tally.fail(name, err)
		line += ": " + err.Error()
	}
	fmt.Fprintln(s.log, line)
}

// judge says what err makes of a fault. A shutdown that comes before its end explains
// a Close frame with 1001, and a connection that ends early or cannot be opened; nothing
// else.
func (a *attack) judge(err error) outcome {
	c, closed := errors.AsType[*closing](err)
	_, tooEarly := errors.AsType[*early](err)
	switch {
	case err == nil:
		return survived
	case a.g.isDown() && (closed && c.code == websocket.StatusGoingAway || isEnd(err) || tooEarly || isForgotten(err)):
		return cutShort
	}
	return failed
}

// form is the door to one of the forms that echo.
func (a *attack) form() door {
	return door{path: []string{events, blocking, stream}[a.r.IntN(3)]}
}

// squeezed is a door to one of them, with an offer of compression.
func (a *attack) squeezed(offer string) door {
	d := a.form()
	d.offer = offer
	return d
}

// enter connects. All that follows has to be done within the server's limits and timeout.
func (a *attack) enter(d door) (*link, error) {
	l, err := connect(background, a.g, d, a.r, a.timeout)
	if err != nil {
		return nil, err
	}
	a.links = append(a.links, l)
	l.wait(2*a.limit + a.timeout)
	return l, nil
}

// greet connects, and exchanges a message.
func (a *attack) greet(d door) (*link, error) {
	l, err := a.enter(d)
	if err != nil {
		return nil, err
	}
	return l, l.echo(message{websocket.OpText, []byte("hello")}, wstest.Text("hello"))
}

// begin connects, exchanges a message, and sends what begin makes.
func (a *attack) begin(offer string, begin func(l *link) []byte) (*link, error) {
	l, err := a.greet(a.squeezed(offer))
	if err == nil {
		_, err = l.nc.Write(begin(l))
	}
	return l, err
}

// echo sends frames, which are m, and wants it back.
func (l *link) echo(m message, frames ...wstest.Frame) error {
	sent := make(chan error, 1)
	go func() { sent <- l.write(frames...) }()
	if err := l.want(m); err != nil {
		return err
	}
	return <-sent
}

// want reads the next message, which has to be m.
func (l *link) want(m message) error {
	op, p, err := l.message()
	if err != nil {
		return err
	}
	return m.compare(op, p)
}

// unheard is sent behind an offence.
const unheard = "not heard"

// wantClose reads until the server closes, with that code, and ends the connection, for
// which the client does nothing. What it has sent before may still be echoed.
func (l *link) wantClose(code websocket.StatusCode) error {
	for {
		_, p, err := l.message()
		if err == nil {
			if bytes.Contains(p, []byte(unheard)) {
				return errors.New("the server answers what is behind an offence")
			}
			continue
		}
		c, ok := errors.AsType[*closing](err)
		switch {
		case !ok:
			return fmt.Errorf("want a Close frame with %d: %w", code, err)
		case c.code != code:
			return fmt.Errorf("want a Close frame with %d: %w", code, c)
		}
		return l.wantEnd()
	}
}

// saw waits until the server has let go of a connection, and wants it to have ended with
// that code. Half of the peers have closed their side by then.
func (a *attack) saw(l *link, code websocket.StatusCode) error {
	e, err := a.ending(l)
	if err == nil && e.Code != code {
		err = fmt.Errorf("the server counts the connection as ended with %d (%s), want %d", e.Code, e.Err, code)
	}
	return err
}

func (a *attack) ending(l *link) (e Ending, err error) {
	if a.r.IntN(2) == 0 {
		l.nc.Close()
	}
	limit := 2*a.limit + a.timeout
	err = a.child.call("Await", Question{a.g.at.Generation, l.id, limit}, &e, limit+a.timeout)
	return e, err
}

// early says that the server has ended a connection before its limit.
type early struct{ took, limit time.Duration }

func (e *early) Error() string {
	return fmt.Sprintf("the server gives up after %v, the limit is %v", e.took, e.limit)
}

// since reports whether what has begun at start has ended before the limit.
func since(start time.Time, limit time.Duration) error {
	if took := time.Since(start); took < limit {
		return &early{took, limit}
	}
	return nil
}

// fails sends frames, and something behind them: the server has to close with the code.
func (a *attack) fails(l *link, code websocket.StatusCode, frames ...wstest.Frame) error {
	go l.write(append(slices.Clip(frames), wstest.Text(unheard))...) // the server need not take all of it
	return a.closes(l, code)
}

// closes wants the server to close with the code.
func (a *attack) closes(l *link, code websocket.StatusCode) error {
	if err := l.wantClose(code); err != nil {
		return err
	}
	return a.saw(l, code)
}
