package session

import (
	"fmt"
	"iter"
	"strings"
)

// exploration runs a few small programs in every order of their steps. A step is an
// atomic operation or one on the lock; between two of them programs touch nothing that
// others see but under the lock.
//
// It takes one order after the other, each from the beginning, and leaves out those that
// come to a state that was seen: what a program has seen so far is its state.
type exploration struct {
	*steps
	seen   map[string]bool
	orders int
}

// steps is one order.
type steps struct {
	d       steppedDelay
	locked  bool
	sending bool
	outbox  int // frames that wait
	written int // frames that were put into the outbox
	sent    int

	programs []*program
	running  *program
	trace    []string
}

type program struct {
	name   string
	next   func() (string, bool)
	stop   func()
	yield  func(string) bool
	at     string // the step that comes next
	done   bool
	viewed strings.Builder // what it has seen
}

// orderEnds ends a program in the middle of an order.
type orderEnds struct{}

// step waits until the exploration lets the running program take the step.
func (e *exploration) step(what string) {
	if !e.running.yield(what) {
		panic(orderEnds{})
	}
}

func (e *exploration) saw(v uint32) uint32 {
	fmt.Fprintf(&e.running.viewed, "%d ", v)
	return v
}

func (e *exploration) lock() {
	e.step("lock")
	e.locked = true
	fmt.Fprintf(&e.running.viewed, "[%d %t] ", e.outbox, e.sending)
}

func (e *exploration) unlock() {
	e.step("unlock")
	e.locked = false
}

// explore runs bodies in every order, and returns what check says of the first end that
// is not as it has to be.
func explore(names []string, bodies []func(*exploration), check func(*steps) string) (orders int, fault string) {
	e := &exploration{seen: map[string]bool{}}
	var choices []int // the program that takes each step
	for {
		widths := e.run(names, bodies, choices)
		e.orders++
		if len(e.able()) == 0 {
			why := "all programs wait for the lock"
			if e.ended() {
				why = check(e.steps)
			}
			if why != "" {
				return e.orders, why + ", after\n\t" + strings.Join(e.trace, "\n\t")
			}
		}
		// The next order differs in the last place where there is another choice.
		chosen := e.chosen(choices, widths)
		i := len(chosen) - 1
		for i >= 0 && chosen[i]+1 >= widths[i] {
			i--
		}
		if i < 0 {
			return e.orders, ""
		}
		choices = append(chosen[:i:i], chosen[i]+1)
	}
}

// chosen extends choices by the first program of each further step.
func (e *exploration) chosen(choices, widths []int) []int {
	for len(choices) < len(widths) {
		choices = append(choices, 0)
	}
	return choices
}

// run takes the steps of choices, and then always that of the first program that can,
// until all have ended or a state is seen again. It returns how many programs there
// were to choose from at each step.
func (e *exploration) run(names []string, bodies []func(*exploration), choices []int) (widths []int) {
	e.steps = &steps{}
	e.d.word.e = e
	for i, body := range bodies {
		p := &program{name: names[i]}
		p.next, p.stop = iter.Pull(func(yield func(string) bool) {
			defer func() {
				if r := recover(); r != nil && r != (orderEnds{}) {
					panic(r)
				}
			}()
			p.yield = yield
			body(e)
		})
		e.programs = append(e.programs, p)
		e.advance(p)
	}
	defer func() {
		for _, p := range e.programs {
			e.running = p
			p.stop()
		}
	}()
	for n := 0; ; n++ {
		if n >= len(choices) {
			state := e.state()
			if e.seen[state] {
				return widths
			}
			e.seen[state] = true
		}
		able := e.able()
		if len(able) == 0 {
			return widths
		}
		choice := 0
		if n < len(choices) {
			choice = choices[n]
		}
		widths = append(widths, len(able))
		p := able[choice]
		e.trace = append(e.trace, p.name+": "+p.at)
		e.advance(p)
	}
}

// advance has p take its step, and run up to the next one.
func (e *exploration) advance(p *program) {
	e.running = p
	at, more := p.next()
	p.at, p.done = at, !more
}

func (e *exploration) able() (able []*program) {
	for _, p := range e.programs {
		if !p.done && (p.at != "lock" || !e.locked) {
			able = append(able, p)
		}
	}
	return able
}

func (e *exploration) ended() bool {
	for _, p := range e.programs {
		if !p.done {
			return false
		}
	}
	return true
}

func (e *exploration) state() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %t %t %d %d|", e.d.word.value, e.locked, e.sending, e.outbox, e.sent)
	for _, p := range e.programs {
		fmt.Fprintf(&b, "%s@%s %s|", p.name, p.at, p.viewed.String())
	}
	return b.String()
}
