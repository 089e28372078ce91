package session

import (
	"fmt"
	"testing"
)

// The programs of the exploration do what package websocket does with a Delay.

// tryDelay is Try, or what a test has in its place.
type tryDelay func(*exploration) bool

func properTry(e *exploration) bool { return e.d.Try() }

// write puts a frame into the outbox, and leaves it there or flushes.
func (e *exploration) write(try tryDelay) {
	e.lock()
	e.outbox++
	e.written++
	if !(e.d.Open() && !e.sending && try(e)) {
		e.flush()
	}
	e.unlock()
}

// flush sends until the outbox is empty, unless a send is under way. The lock is held,
// but while it sends.
func (e *exploration) flush() {
	for !e.sending && e.outbox > 0 {
		e.d.Flushed()
		taken := e.outbox
		e.outbox, e.sending = 0, true
		e.unlock()
		e.lock()
		e.sent, e.sending = e.sent+taken, false
	}
}

// reader reads so many messages, all received at once, answers each if it replies, and
// then waits for more; with wakes, once more after a further message.
func reader(messages int, replies, wakes bool, try tryDelay, wait func(*exploration) bool) func(*exploration) {
	return func(e *exploration) {
		rounds := []int{messages}
		if wakes {
			rounds = append(rounds, 1)
		}
		for _, received := range rounds {
			for left := received - 1; left >= 0; left-- {
				e.d.More(left > 0)
				if replies {
					e.write(try)
				}
			}
			if wait(e) {
				e.lock()
				e.flush()
				e.unlock()
			}
		}
	}
}

func properWait(e *exploration) bool { return e.d.Wait() }

// writer writes so many messages, from a goroutine of the application's.
func writer(messages int, try tryDelay) func(*exploration) {
	return func(e *exploration) {
		for range messages {
			e.write(try)
		}
	}
}

// nothingIsLeft is what holds when the reader waits and all writers are done.
func nothingIsLeft(s *steps) string {
	if s.outbox > 0 || s.sent != s.written || s.locked || s.sending {
		return fmt.Sprintf("%d frames are left in the outbox, %d of %d sent, locked %t, sending %t", s.outbox, s.sent, s.written, s.locked, s.sending)
	}
	return ""
}

// TestDelayInterleavings takes the steps of a reading goroutine and of those that write
// in every order: when the reader waits and the writers are done, nothing is left in
// the outbox.
func TestDelayInterleavings(t *testing.T) {
	for _, test := range []struct {
		name             string
		messages         int
		replies, wakes   bool
		writers, of, min int // writers of so many messages; the orders there are at least
	}{
		{"a reader that replies", 3, true, false, 0, 0, 1},
		{"a message and a writer", 1, false, false, 1, 1, 10},
		{"two messages and a writer", 2, false, false, 1, 1, 20},
		{"two messages with replies, and a writer", 2, true, false, 1, 1, 50},
		{"two messages and a writer of two", 2, false, false, 1, 2, 50},
		{"two messages, a wait, one more, and a writer", 2, false, true, 1, 2, 50},
		{"two messages and two writers", 2, false, false, 2, 1, 200},
		{"two messages with replies, and two writers", 2, true, false, 2, 1, 500},
	} {
		t.Run(test.name, func(t *testing.T) {
			names, bodies := []string{"reader"}, []func(*exploration){reader(test.messages, test.replies, test.wakes, properTry, properWait)}
			for i := range test.writers {
				names, bodies = append(names, fmt.Sprintf("writer %d", i+1)), append(bodies, writer(test.of, properTry))
			}
			orders, fault := explore(names, bodies, nothingIsLeft)
			if fault != "" {
				t.Fatal(fault)
			}
			t.Logf("%d orders", orders)
			if orders < test.min {
				t.Errorf("%d orders were explored, want at least %d", orders, test.min)
			}
		})
	}
}

// TestDelayExplorationFindsFaults: the exploration fails with each of the mistakes that
// the protocol is made against.
func TestDelayExplorationFindsFaults(t *testing.T) {
	for _, test := range []struct {
		name string
		try  tryDelay
		wait func(*exploration) bool
	}{
		{"Try does not look again", func(e *exploration) bool {
			if e.d.word.Load()&more == 0 {
				return false
			}
			e.d.word.Or(delayed)
			return true
		}, properWait},
		{"Try always agrees", func(e *exploration) bool {
			e.d.word.Or(delayed)
			return true
		}, properWait},
		{"Wait leaves what it was told", properTry, func(e *exploration) bool {
			return e.d.word.Load()&delayed != 0
		}},
		{"Wait looks before it says that it waits", properTry, func(e *exploration) bool {
			flush := e.d.word.Load()&delayed != 0
			e.d.word.And(^more)
			return flush
		}},
		{"Wait does not flush", properTry, func(e *exploration) bool {
			e.d.Wait()
			return false
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A message that leaves more: the last one that is delivered does not say so.
			body := func(e *exploration) {
				e.d.More(true)
				if test.wait(e) {
					e.lock()
					e.flush()
					e.unlock()
				}
			}
			_, fault := explore([]string{"reader", "writer"}, []func(*exploration){body, writer(1, test.try)}, nothingIsLeft)
			if fault == "" {
				t.Fatal("no order of the steps shows the mistake")
			}
		})
	}
}
