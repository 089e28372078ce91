package session

import (
	"errors"
	"sync"
	"testing"
)

func TestLifecycle(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	var l Lifecycle
	want := func(step string, cause error, closed, abandoned bool) {
		t.Helper()
		if l.Cause() != cause || l.Closed() != closed || l.Abandoned() != abandoned {
			t.Fatalf("%s: cause %v, closed %t, abandoned %t; want %v, %t, %t", step, l.Cause(), l.Closed(), l.Abandoned(), cause, closed, abandoned)
		}
	}
	want("open", nil, false, false)
	if got := l.End(first); got != first {
		t.Fatalf("End() = %v, want its argument", got)
	}
	want("ending", first, false, false)
	if got := l.End(second); got != first {
		t.Fatalf("End() = %v, want the first cause", got)
	}
	want("ending for one cause", first, false, false)
	if !l.Close() {
		t.Fatal("Close() = false, want true the first time")
	}
	want("closed", first, true, false)
	if l.Close() {
		t.Fatal("Close() = true, want false the second time")
	}
	l.Abandon()
	want("abandoned", first, true, true)

	l = Lifecycle{}
	l.Abandon()
	want("abandoned first", nil, false, true)
}

// TestLifecycleHasOneCause ends connections from many goroutines: all get the same
// cause, and one of them does what belongs to the end.
func TestLifecycleHasOneCause(t *testing.T) {
	const goroutines = 8
	for range 500 {
		var l Lifecycle
		var group sync.WaitGroup
		got, closes := [goroutines]error{}, [goroutines]bool{}
		for i := range goroutines {
			group.Go(func() {
				got[i] = l.End(errors.New("one of them"))
				closes[i] = l.Close()
			})
		}
		group.Wait()
		owners := 0
		for i := range goroutines {
			if got[i] != l.Cause() {
				t.Fatalf("goroutine %d got another cause than Cause()", i)
			}
			if closes[i] {
				owners++
			}
		}
		if owners != 1 {
			t.Fatalf("Close() was true %d times, want once", owners)
		}
	}
}
