package leak

import (
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/pool"
)

// TestLeftovers leaves a goroutine and a buffer behind, and then takes them away.
func TestLeftovers(t *testing.T) {
	own := []string{"another", "leak.linger("}
	if got := leftovers(time.Minute, own); got != "" {
		t.Fatalf("before anything is left: %s", got)
	}
	end := make(chan struct{})
	go linger(end)
	end <- struct{}{} // it is there
	lent := pool.Get(1 << 10)
	got := leftovers(time.Second, own)
	buffers := "0 buffers" // that are counted
	if pool.Poisoned {
		buffers = "1 buffers"
	}
	for _, want := range []string{"1 goroutines", buffers, "leak.linger("} {
		if !strings.Contains(got, want) {
			t.Errorf("leftovers() = %q, want %q in it", got, want)
		}
	}
	close(end)
	pool.Put(lent)
	if got := leftovers(time.Minute, own); got != "" {
		t.Errorf("when all is gone: %s", got)
	}
}

func linger(end chan struct{}) {
	<-end
	<-end
}
