//go:build unix

package natsbroker_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// A server that stands still for ten seconds: publishing never waits for it, and
// with a stream nothing is missed.
func TestFrozenServer(t *testing.T) {
	t.Parallel()
	const frozen = 10 * time.Second
	addr := wstest.FreeAddr(t)
	srv := natsServer(t, addr, "-js", "-sd", t.TempDir())
	core := natsbroker.Options{Prefix: "core"}
	stream := natsbroker.Options{Prefix: "stream", Stream: &natsbroker.Stream{}}
	fromCore, _ := attach(t, "nats://"+addr, core, new(recorder))
	toCore, gotCore := attach(t, "nats://"+addr, core, new(recorder))
	fromStream, _ := attach(t, "nats://"+addr, stream, new(recorder))
	toStream, gotStream := attach(t, "nats://"+addr, stream, new(recorder))
	subscribe(t, toCore, "a")
	subscribe(t, toStream, "a")
	link(t, fromCore, "a", gotCore)
	link(t, fromStream, "a", gotStream)

	signal(t, srv, syscall.SIGSTOP)
	awake := time.After(frozen)
	filler := strings.Repeat(".", 1000)
	published, slowest, clock := 0, time.Duration(0), testkit.StartClock(t)
	for running := true; running; {
		select {
		case <-awake:
			running = false
		case <-time.After(2 * time.Millisecond):
			published++
			before := clock.Elapsed()
			err := errors.Join(
				fromCore.Publish("a", []byte(fmt.Sprint(published, filler))),
				fromStream.Publish("a", []byte(fmt.Sprint(published, filler))),
				fromCore.Subscribe(fmt.Sprint("while.frozen.", published)))
			slowest = max(slowest, clock.Elapsed()-before)
			if err != nil && !errors.Is(err, natsbroker.ErrFull) {
				t.Errorf("Publish() to a server that is frozen = %v", err)
			}
		}
	}
	signal(t, srv, syscall.SIGCONT)
	if slowest > time.Second {
		t.Errorf("Publish() has waited %v for a server that is frozen", slowest)
	}
	link(t, fromCore, "a", gotCore)
	eventually(t, "the last there", func() bool { return gotStream.count() == published })
	for i, text := range gotStream.on("a") {
		if want := fmt.Sprint(i+1, filler); text != want {
			t.Fatalf("message %d begins with %.10q, want %.10q", i+1, text, want)
		}
	}
}

func signal(t testing.TB, p *process, sig os.Signal) {
	t.Helper()
	if err := p.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}
