package websocket

import (
	"runtime"
	"testing"
	"time"
	"weak"
)

var packageLevel = Options{MaxMessage: 4}

func TestUpgradeSharesWhatItMakesOfOptions(t *testing.T) {
	a, b := &Options{MaxMessage: 1}, &Options{MaxMessage: 2}
	for _, o := range []*Options{nil, a} {
		if first, second := upgraderOf(o), upgraderOf(o); first != second {
			t.Errorf("upgraderOf(%p) = %p, then %p", o, first, second)
		}
	}
	part := &struct {
		name string
		opts Options
	}{opts: Options{MaxMessage: 3}}
	for _, o := range []*Options{a, b, &part.opts, &packageLevel} {
		if got := upgraderOf(o).settings.MaxMessage; got != o.MaxMessage {
			t.Errorf("MaxMessage = %d, want %d", got, o.MaxMessage)
		}
	}
	runtime.KeepAlive(a)
}

// Programs that make Options for each request must not pile them up.
func TestUpgradeForgetsOptions(t *testing.T) {
	keys := make([]weak.Pointer[Options], 100)
	for i := range keys {
		o := &Options{Subprotocols: []string{"a"}}
		upgraderOf(o)
		keys[i] = weak.Make(o)
	}
	left := func() (n int) {
		for _, key := range keys {
			if _, ok := upgraders.Load(key); ok {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(5 * time.Second); left() > 0; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are still there", left(), len(keys))
		}
	}
}
