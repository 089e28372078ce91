package natsbroker

import (
	"sync"
	"testing"
)

func TestQueueIsBounded(t *testing.T) {
	q := newQueue[string](10)
	for _, tt := range []struct {
		item string
		want bool
	}{
		{"seven..", true},
		{"four", false},
		{"", true}, // a change of the link always finds room
		{"two", true},
		{"x", false},
	} {
		if got := q.put(tt.item, len(tt.item)); got != tt.want {
			t.Errorf("put(%q) = %v, want %v", tt.item, got, tt.want)
		}
	}
	taken, _ := q.take()
	if len(taken) != 3 || q.put("x", 1) {
		t.Errorf("take() = %q; there was room before they were released", taken)
	}
	for _, item := range taken {
		q.release(len(item))
	}
	if !q.put("longer than the limit", 21) {
		t.Error("an empty queue refused an item that is larger than its limit")
	}
	q.end()
	if q.put("x", 1) {
		t.Error("a queue that has ended took an item")
	}
	if taken, ok := q.take(); !ok || len(taken) != 1 {
		t.Errorf("take() of a queue that has ended = %q, %v, want what was in it", taken, ok)
	}
	if taken, ok := q.take(); ok {
		t.Errorf("take() of a queue that has ended = %q, true, want false", taken)
	}
}

func TestQueueKeepsOrder(t *testing.T) {
	const putters, each = 4, 10_000
	q := newQueue[[2]int](1 << 20)
	var wg sync.WaitGroup
	for p := range putters {
		wg.Go(func() {
			for i := range each {
				if !q.put([2]int{p, i}, 1) {
					t.Error("put() = false")
				}
			}
		})
	}
	go func() { wg.Wait(); q.end() }()
	var next [putters]int
	for batch, ok := q.take(); ok; batch, ok = q.take() {
		for _, item := range batch {
			if item[1] != next[item[0]] {
				t.Fatalf("item %d of %d came, want %d", item[1], item[0], next[item[0]])
			}
			next[item[0]]++
			q.release(1)
		}
	}
	if next != [putters]int{each, each, each, each} || q.len() != 0 {
		t.Errorf("took %v, %d left", next, q.len())
	}
}
