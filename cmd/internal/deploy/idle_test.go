package deploy

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// The configurations' limit on silence is 60 s, and Options.PingInterval is 30 s
// by default. Here is both at a seventh or so: a busy machine may delay a Ping by seconds.
const (
	silence  = 8 * time.Second
	interval = 4 * time.Second
	watched  = 17 * time.Second // twice the limit, and more
)

// idle is a connection on which nothing happens but the server's Pings.
type idle struct {
	kind  kind
	pings bool
	conn  *websocket.Conn
	err   error         // of reading it for as long as it is watched
	after time.Duration // when that came
}

// TestIdleConnections: the server's Pings keep a connection open past the proxy's
// limit on silence. Without Pings those proxies that have a limit cut at it.
func TestIdleConnections(t *testing.T) {
	t.Parallel()
	var all []*idle
	for _, k := range kinds {
		if _, err := exec.LookPath(k.name); err == nil {
			all = append(all, &idle{kind: k, pings: true}, &idle{kind: k, pings: false})
		}
	}
	var watching sync.WaitGroup
	for _, i := range all {
		i.open(t)
		watching.Go(func() { i.watch(t.Context()) })
	}
	watching.Wait()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			_, err := exec.LookPath(k.name)
			need(t, err, "apt-get install "+k.name)
			for _, i := range all {
				if i.kind.name == k.name {
					t.Run(fmt.Sprintf("pings %t", i.pings), i.test)
				}
			}
		})
	}
}

// open opens the connection through a proxy of its own.
func (i *idle) open(t *testing.T) {
	t.Helper()
	options := websocket.Options{PingInterval: -1}
	if i.pings {
		options.PingInterval = interval
	}
	p := i.kind.run(t, serve(t, &websocket.Server{Handler: saying("here"), Options: options}), i.kind.silence...)
	i.conn = dialer{proxy: p, scheme: "wss", options: websocket.Options{PingInterval: -1}}.mustDial(t, "/")
}

// watch reads, which answers Pings, until the connection is cut or was watched
// for long enough.
func (i *idle) watch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watched)
	defer cancel()
	start := time.Now()
	_, _, i.err = i.conn.Read(ctx)
	i.after = time.Since(start)
}

func (i *idle) test(t *testing.T) {
	open := errors.Is(i.err, context.DeadlineExceeded)
	if want := i.pings || !i.kind.cutsIdle; open != want {
		t.Fatalf("Read() = %v after %v, want a connection that is open: %t", i.err, i.after, want)
	}
	if open {
		wantAnswer(t, i.conn, websocket.OpText, []byte("?"), []byte("here"))
	} else if i.after < silence/2 {
		t.Errorf("cut after %v, want not before about %v: %v", i.after, silence, i.err)
	}
}
