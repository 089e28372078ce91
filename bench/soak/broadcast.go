package main

import (
	"fmt"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// bulletin is message number n of a publisher. Every receiver can compute it, too.
func bulletin(publisher, n uint64) message {
	piece := wstest.JSON.Message(int(publisher+n)&0xFFFF, 512)
	return message{websocket.OpText, fmt.Appendf(nil, "%d %d %s", publisher, n, piece)}
}

// broadcast publishes to all who do so, the next message when the last one has come
// back, and wants those of everybody: each in its order, and none left out.
func broadcast(v *visit) error {
	l, err := connect(background, v.g, v.door, v.r, v.timeout)
	if ok, err := v.connected(err); !ok {
		return err
	}
	defer l.abandon()
	l.dress = whole
	next := map[uint64]uint64{l.id: 0}
	for n := uint64(0); ; n++ {
		l.wait(v.timeout)
		start := time.Now()
		if err := l.send([]message{bulletin(l.id, n)}); err != nil && !v.g.isDown() {
			return err
		}
		for next[l.id] == n {
			size, err := l.delivery(next)
			if err != nil {
				return v.closed(l, Account{}, err)
			}
			v.score.receive(size, 0)
		}
		v.score.took(time.Since(start))
		v.rest(time.Since(start))
	}
}

// delivery reads a message, which has to be the next one of its publisher.
func (l *link) delivery(next map[uint64]uint64) (size int, err error) {
	op, p, err := l.message()
	if err != nil {
		return 0, err
	}
	var publisher, n uint64
	if _, err := fmt.Sscan(string(p), &publisher, &n); err != nil {
		return 0, fmt.Errorf("a message that nobody has sent: %q", p[:min(len(p), 40)])
	}
	if want, known := next[publisher]; known && n != want {
		return 0, fmt.Errorf("message %d of publisher %d, want message %d", n, publisher, want)
	}
	next[publisher] = n + 1
	return len(p), bulletin(publisher, n).compare(op, p)
}
