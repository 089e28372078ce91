package websocket_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// deflatePeers are what the compression cases are played with. A client that wants
// takeover does not let a server forbid it: those cases are not for it.
var deflatePeers = []struct {
	name        string
	form        string
	compression websocket.Compression
	asClient    []string // the groups that it can play as a client
}{
	{"events, no takeover", "events", websocket.Compression{Threshold: -1}, []string{"12", "13"}},
	{"blocking, takeover", "blocking", websocket.Compression{Threshold: -1, Takeover: true}, []string{"12", "13.1", "13.3", "13.4", "13.7"}},
}

// deflateGroups are what is played of these groups: with the race detector one case
// in each of some.
func deflateGroups(groups ...string) []string {
	if raceEnabled {
		return []string{"12.1.5", "12.2.6", "12.4.12", "13.1.4", "13.3.6"}
	}
	return groups
}

// deflateMessages is how many messages of up to 4 KiB are sent in a case: fewer
// than Autobahn's 1000, which TestDeflateConformanceInFull sends.
const deflateMessages = 12

func TestServerDeflateConformance(t *testing.T) {
	t.Parallel()
	for _, p := range deflatePeers {
		t.Run(p.name, func(t *testing.T) {
			addr := serve(t, &websocket.Server{Handler: forms[p.form], Options: testkit.Unhurried(websocket.Options{Compression: &p.compression})})
			t.Run("cases", func(t *testing.T) {
				wstest.PlayDeflateTable(t, codec.Server, func(t *testing.T) net.Conn { return connected(t, addr) },
					3, deflateGroups("12.1", "12.5", "13.5", "13.7")...)
			})
		})
	}
}

func TestClientDeflateConformance(t *testing.T) {
	t.Parallel()
	for form, h := range forms {
		t.Run(form, func(t *testing.T) {
			wstest.PlayDeflateTable(t, codec.Client, func(t *testing.T) net.Conn { return dialled(t, h) },
				3, deflateGroups("12.2", "13.6")...)
		})
	}
}

// TestDeflateConformanceInMemory plays every case against both roles and both forms.
func TestDeflateConformanceInMemory(t *testing.T) {
	t.Parallel()
	for _, p := range deflatePeers {
		h, opts := forms[p.form], websocket.Options{Compression: &p.compression}
		t.Run("server/"+p.name, func(t *testing.T) {
			wstest.PlayDeflateTableInBubble(t, codec.Server, func(t *testing.T) net.Conn { return serveInMemory(t, h, opts) },
				deflateMessages, deflateGroups("12", "13")...)
		})
		t.Run("client/"+p.name, func(t *testing.T) {
			wstest.PlayDeflateTableInBubble(t, codec.Client, func(*testing.T) net.Conn { return dialInMemory(h, opts) },
				deflateMessages, deflateGroups(p.asClient...)...)
		})
	}
}

// TestDeflateConformanceInFull sends Autobahn's number of messages in a case of each
// group.
func TestDeflateConformanceInFull(t *testing.T) {
	t.Parallel()
	ids := []string{"12.1.5", "12.2.4", "12.3.4", "12.4.4", "12.5.4", "13.1.4", "13.2.4", "13.3.4", "13.4.4", "13.5.11", "13.6.4", "13.7.4"}
	if raceEnabled {
		ids = []string{"12.1.3", "13.1.3"}
	}
	for i, c := range wstest.DeflateCases(ids...) {
		p := deflatePeers[i%len(deflatePeers)]
		t.Run(c.ID+"/"+p.name, func(t *testing.T) {
			t.Parallel()
			conn := serveInMemory(t, forms[p.form], testkit.Unhurried(websocket.Options{Compression: &p.compression}))
			r := wstest.PlayDeflate(conn, codec.Server, c, wstest.Options{})
			if !r.Passed() || len(r.Received) != wstest.DeflateMessages {
				t.Errorf("%d messages came back\n%s", len(r.Received), r)
			}
		})
	}
}

// connected connects to a server, without the opening handshake.
func connected(t *testing.T, addr string) net.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// dialled has our client connect, and serve the connection with h.
func dialled(t *testing.T, h websocket.Handler) net.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := websocket.Dial(background, "ws://"+ln.Addr().String(), &websocket.DialOptions{
			Options: testkit.Unhurried(websocket.Options{Compression: &deflatePeers[0].compression}),
		})
		if err == nil {
			c.Serve(h)
		}
	}()
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// dialInMemory is dialled, in memory. What it starts ends with the connection.
func dialInMemory(h websocket.Handler, opts websocket.Options) net.Conn {
	suite, ours := pipe.New()
	go func() {
		c, err := websocket.Dial(background, "ws://suite", &websocket.DialOptions{
			Options: opts,
			NetDial: func(context.Context, string, string) (net.Conn, error) { return ours, nil },
		})
		if err != nil {
			ours.Close()
			return
		}
		c.Serve(h)
	}()
	return suite
}

// serveInMemory returns a connection to a server of its own.
func serveInMemory(t *testing.T, h websocket.Handler, opts websocket.Options) net.Conn {
	suite, ours := pipe.New()
	serveOn(t, &websocket.Server{Handler: h, Options: opts}, &memoryListener{oneListener: oneListener{conn: ours, closed: make(chan struct{})}})
	return suite
}

// memoryListener is a oneListener that a Server closes more than once.
type memoryListener struct {
	oneListener
	once sync.Once
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { l.oneListener.Close() })
	return nil
}
