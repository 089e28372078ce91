package natsbroker

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"
)

// arrival is a message as it comes: its number, and how many below it may still
// come.
type arrival struct {
	sequence uint64
	behind   uint16
}

func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name     string
		arrivals []arrival
		want     []string
	}{
		{"in order", []arrival{{1, 0}, {2, 0}, {3, 0}}, []string{"1", "2", "3"}},
		{"the first that is heard is not the first", []arrival{{7, 0}, {8, 0}}, []string{"7", "8"}},
		{"a copy for each pattern", []arrival{{1, 0}, {1, 0}, {2, 0}, {2, 0}}, []string{"1", "2"}},
		{"copies mixed", []arrival{{1, 0}, {2, 0}, {1, 0}, {2, 0}}, []string{"1", "2"}},
		{"what was overtaken without warning is late", []arrival{{2, 0}, {1, 0}, {3, 0}}, []string{"2", "3"}},
		{"a topic that is not ours is no gap", []arrival{{1, 0}, {5, 0}}, []string{"1", "5"}},
		{"a window in order", []arrival{{1, 0}, {2, 1}, {3, 2}}, []string{"1", "2", "3"}},
		{"a window reversed", []arrival{{3, 2}, {2, 1}, {1, 0}}, []string{"1", "2", "3"}},
		{"one is sent again", []arrival{{1, 0}, {3, 2}, {4, 3}, {2, 0}, {5, 0}}, []string{"1", "2", "3", "4", "5"}},
		{"two are sent again", []arrival{{1, 0}, {4, 3}, {2, 0}, {3, 1}, {5, 0}}, []string{"1", "2", "3", "4", "5"}},
		{"stored and sent again", []arrival{{1, 0}, {2, 1}, {2, 0}, {1, 0}, {3, 0}}, []string{"1", "2", "3"}},
		{"one was refused", []arrival{{1, 0}, {3, 2}, {4, 0}}, []string{"1", "3", "4"}},
		{"several were refused", []arrival{{1, 0}, {3, 2}, {5, 4}, {6, 0}}, []string{"1", "3", "5", "6"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			o := newOrder(1, func(_ string, payload []byte) { got = append(got, string(payload)) })
			for _, a := range tt.arrivals {
				o.receive(time.Time{}, envelope{message, 2, a.sequence, a.behind}, "topic", []byte(strconv.FormatUint(a.sequence, 10)))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("receive(%v) delivered %q, want %q", tt.arrivals, got, tt.want)
			}
			if o.waiting() {
				t.Errorf("after receive(%v) messages still wait", tt.arrivals)
			}
		})
	}
}

// Windows of messages come in any order, with copies, as long as the next window
// begins when one is complete.
func TestOrderOfWindows(t *testing.T) {
	const publishers, windows, size = 3, 50, 20
	got := make(map[string][]string)
	o := newOrder(0, func(topic string, payload []byte) { got[topic] = append(got[topic], string(payload)) })
	for w := range windows {
		var arrivals []envelope
		for p := range publishers {
			for i := range size {
				e := envelope{message, uint64(p + 1), uint64(w*size + i + 1), uint16(i)}
				arrivals = append(arrivals, e, e)
			}
		}
		rand.Shuffle(len(arrivals), func(i, j int) { arrivals[i], arrivals[j] = arrivals[j], arrivals[i] })
		for _, e := range arrivals {
			o.receive(time.Time{}, e, strconv.FormatUint(e.publisher, 10), []byte(strconv.FormatUint(e.sequence, 10)))
		}
	}
	for p := range publishers {
		topic := strconv.Itoa(p + 1)
		for i, text := range got[topic] {
			if text != strconv.Itoa(i+1) {
				t.Fatalf("publisher %s: message %d is %q", topic, i+1, text)
			}
		}
		if len(got[topic]) != windows*size {
			t.Errorf("publisher %s: %d messages, want %d", topic, len(got[topic]), windows*size)
		}
	}
}

// What waits for a message that never comes is delivered when it has waited long
// enough, in order.
func TestOrderExpires(t *testing.T) {
	var got []string
	o := newOrder(1, func(_ string, payload []byte) { got = append(got, string(payload)) })
	start := time.Now()
	for _, a := range []arrival{{1, 0}, {5, 4}, {3, 2}} {
		o.receive(start, envelope{message, 2, a.sequence, a.behind}, "topic", []byte(strconv.FormatUint(a.sequence, 10)))
	}
	o.expire(start.Add(holdTime - 1))
	if want := []string{"1"}; !slices.Equal(got, want) || !o.waiting() {
		t.Fatalf("before holdTime: delivered %q, waiting %v, want %q, true", got, o.waiting(), want)
	}
	o.expire(start.Add(holdTime))
	if want := []string{"1", "3", "5"}; !slices.Equal(got, want) || o.waiting() {
		t.Fatalf("after holdTime: delivered %q, waiting %v, want %q, false", got, o.waiting(), want)
	}
}

// A publisher that has given up a message says so.
func TestOrderIsSettled(t *testing.T) {
	var got []string
	o := newOrder(1, func(_ string, payload []byte) { got = append(got, string(payload)) })
	for _, e := range []envelope{{message, 2, 1, 0}, {message, 2, 5, 4}, {message, 2, 3, 2}, {settled, 2, 5, 0}, {message, 2, 6, 0}} {
		o.receive(time.Time{}, e, "topic", []byte(strconv.FormatUint(e.sequence, 10)))
	}
	if want := []string{"1", "3", "5", "6"}; !slices.Equal(got, want) || o.waiting() {
		t.Errorf("delivered %q, waiting %v, want %q, false", got, o.waiting(), want)
	}
}

func TestOrderLeavesOutOwn(t *testing.T) {
	o := newOrder(1, func(string, []byte) { t.Error("own message delivered") })
	o.receive(time.Time{}, envelope{message, 1, 1, 0}, "topic", nil)
}

func TestOrderForgets(t *testing.T) {
	o := newOrder(1, func(string, []byte) {})
	now := time.Now()
	for p := range 1000 {
		o.receive(now, envelope{message, uint64(p + 2), 1, 0}, "topic", nil)
		now = now.Add(forgetTime / 10)
	}
	if len(o.flows) > 11 {
		t.Errorf("%d publishers are remembered, want at most 11", len(o.flows))
	}
}

func TestEnvelope(t *testing.T) {
	want := envelope{kind: message, publisher: 0x0123456789abcdef, sequence: 1 << 40, behind: 511}
	b := append(make([]byte, envelopeSize), "hello"...)
	want.put(b)
	got, payload, ok := parseEnvelope(b)
	if got != want || string(payload) != "hello" || !ok {
		t.Errorf("parseEnvelope(%x) = %v, %q, %v, want %v, \"hello\", true", b, got, payload, ok, want)
	}
	for n := range envelopeSize {
		if _, _, ok := parseEnvelope(b[:n]); ok {
			t.Errorf("parseEnvelope of %d bytes succeeded", n)
		}
	}
	foreign := slices.Clone(b)
	foreign[0] = 'h'
	if _, _, ok := parseEnvelope(foreign); ok {
		t.Errorf("parseEnvelope(%x) succeeded", foreign)
	}
	envelope{kind: message, publisher: 1, sequence: 5, behind: 5}.put(b)
	if _, _, ok := parseEnvelope(b); ok {
		t.Error("parseEnvelope of a message with more in front of it than there can be succeeded")
	}
}
