package hub_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// TestPublishExcept leaves out connections of all kinds, between messages for
// everybody.
func TestPublishExcept(t *testing.T) {
	h := newHub(t, nil)
	ann, bob, eve := pipePeer(t), pipePeer(t), pipePeer(t)
	subscribe(t, h, ann, "a")
	subscribe(t, h, bob, "a", "*", "a.*")
	subscribe(t, h, eve, "a", "b")
	h.Unsubscribe(eve.Conn, "b")
	stranger, ended := pipePeer(t), pipePeer(t)
	subscribe(t, h, ended, "a")
	ended.CloseNow()

	for _, tt := range []struct {
		name   string
		except []*websocket.Conn
		gets   []*peer
	}{
		{"nobody", nil, []*peer{ann, bob, eve}},
		{"one", []*websocket.Conn{ann.Conn}, []*peer{bob, eve}},
		{"one to whom several patterns lead", []*websocket.Conn{bob.Conn}, []*peer{ann, eve}},
		{"two", []*websocket.Conn{eve.Conn, ann.Conn}, []*peer{bob}},
		{"the same twice", []*websocket.Conn{ann.Conn, ann.Conn}, []*peer{bob, eve}},
		{"all", []*websocket.Conn{ann.Conn, bob.Conn, eve.Conn}, nil},
		{"nil", []*websocket.Conn{nil}, []*peer{ann, bob, eve}},
		{"one that has not subscribed", []*websocket.Conn{stranger.Conn}, []*peer{ann, bob, eve}},
		{"one that has ended", []*websocket.Conn{ended.Conn}, []*peer{ann, bob, eve}},
		{"many that have not subscribed, and one that has", append(make([]*websocket.Conn, 10), stranger.Conn, bob.Conn), []*peer{ann, eve}},
		{"the client's end of one", []*websocket.Conn{ann.client}, []*peer{ann, bob, eve}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			publish(t, h, "a", "before")
			publishExcept(t, h, "a", tt.name, tt.except...)
			publish(t, h, "a", "behind")
			for i, p := range []*peer{ann, bob, eve} {
				var want []string
				if slices.Contains(tt.gets, p) {
					want = []string{tt.name}
				}
				p.want("before")
				if got := p.until("behind"); !slices.Equal(got, want) {
					t.Errorf("peer %d receives %q, want %q", i, got, want)
				}
			}
		})
	}
}

// TestPublishExceptInBatches has each shard be held up until messages enough for some
// batches wait, of which everybody is left out of some, and one of all but the last.
func TestPublishExceptInBatches(t *testing.T) {
	const messages, large = 300, 1 << 20
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		h := newHub(t, &hub.Options{MaxPending: large, Overflow: hub.DropNewest, Dropped: func(*websocket.Conn, int) { <-goOn }})
		for range runtime.GOMAXPROCS(0) { // one for each shard, which reads nothing
			subscribe(t, h, pipePeer(t), "stuck")
		}
		var all []*collector
		for i := range 8 {
			all = append(all, newCollector(t, h, []string{"a.b", "a.*"}[:i%2+1]...))
		}
		for range 3 {
			publish(t, h, "stuck", strings.Repeat("x", large))
		}
		synctest.Wait()
		r := rand.New(rand.NewPCG(1, 1))
		want := make([][]string, len(all))
		for n := range messages {
			except := []*websocket.Conn{all[0].Conn}
			for _, one := range all[1:] {
				if r.IntN(2) == 0 {
					except = append(except, one.Conn)
				}
			}
			if n == messages-1 {
				except = nil
			}
			publishExcept(t, h, "a.b", fmt.Sprint(n), except...)
			for i, one := range all {
				if !slices.Contains(except, one.Conn) {
					want[i] = append(want[i], fmt.Sprint(n))
				}
			}
		}
		synctest.Wait()
		for i, one := range all {
			if got := one.take(); len(got) > 0 {
				t.Fatalf("subscriber %d gets %q while its shard is held up: the test has to send more", i, got)
			}
		}
		close(goOn)
		for i, one := range all {
			wantMessages(one, fmt.Sprint("subscriber ", i), want[i]...)
		}
	})
}

// TestPublishExceptBetweenNodes has a broker that hands a node its own messages back,
// once for each pattern.
func TestPublishExceptBetweenNodes(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, c *cluster) {
		sender, other := newCollector(t, c.hubs[0], "a", "*"), newCollector(t, c.hubs[0], "a")
		far := newCollector(t, c.hubs[1], "a", "*")
		for i := range 3 {
			publish(t, c.hubs[0], "a", fmt.Sprint("to all ", i))
			publishExcept(t, c.hubs[0], "a", fmt.Sprint("to others ", i), sender.Conn)
		}
		all := []string{"to all 0", "to others 0", "to all 1", "to others 1", "to all 2", "to others 2"}
		wantMessages(sender, "who is left out", "to all 0", "to all 1", "to all 2")
		wantMessages(other, "another one of its node", all...)
		wantMessages(far, "one of another node", all...)
		publishExcept(t, c.hubs[1], "a", "elsewhere", sender.Conn)
		wantMessages(sender, "it is left out on its own node alone", "elsewhere")
		wantMessages(other, "and others are not", "elsewhere")
		c.nodes[0].setCut(true)
		if err := c.hubs[0].PublishExcept("a", websocket.OpText, []byte("alone"), sender.Conn); err == nil {
			t.Error("PublishExcept() without a link = nil, want a *BrokerError")
		}
		wantMessages(other, "this node gets it nevertheless", "alone")
		wantMessages(sender, "but for who is left out")
	})
}
