package hub_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

const heartbeat = 5 * time.Second // the default

// observer notes the events of one node.
type observer struct {
	mu     sync.Mutex
	events []string
}

func (o *observer) note(e hub.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	sign := "-"
	if e.Joined {
		sign = "+"
	}
	o.events = append(o.events, sign+e.Topic+"/"+e.Name)
}

// want checks which events there were since the last time, in any order of those
// of one moment.
func (o *observer) want(t *testing.T, sentence string, want ...string) {
	t.Helper()
	synctest.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Equal(slices.Sorted(slices.Values(o.events)), slices.Sorted(slices.Values(want))) {
		t.Fatalf("%s:\n got events %q\nwant        %q", sentence, o.events, want)
	}
	o.events = nil
}

// observed adds a node whose events are noted.
func (c *cluster) observed() (*hub.Hub, *observer) {
	o := &observer{}
	return c.add(&hub.Options{Presence: o.note}), o
}

func TestPresenceOfOneNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &observer{}
		h := newHub(t, &hub.Options{Presence: o.note})
		a, b, c := pipePeer(t), pipePeer(t), pipePeer(t)
		subscribe(t, h, c, "room")
		wantMembers(t, h, "room")
		join(t, h, a, "room", "ann")
		join(t, h, a, "other", "ann")
		join(t, h, b, "room", "bob")
		o.want(t, "everybody joins", "+room/ann", "+other/ann", "+room/bob")
		wantMembers(t, h, "room", "ann", "bob")
		wantMembers(t, h, "other", "ann")

		join(t, h, a, "room", "ann")
		join(t, h, c, "room", "ann")
		o.want(t, "a name that is there does not join again")
		h.Unsubscribe(a.Conn, "room")
		o.want(t, "nor leave while it is there by another connection")
		wantMembers(t, h, "room", "ann", "bob")
		c.CloseNow()
		o.want(t, "it leaves with its last one", "-room/ann")
		wantMembers(t, h, "room", "bob")

		join(t, h, b, "room", "bert")
		o.want(t, "a name may change", "+room/bert", "-room/bob")
		subscribe(t, h, b, "room")
		o.want(t, "Subscribe leaves it alone")
		h.Leave(b.Conn)
		h.Leave(a.Conn)
		o.want(t, "Leave leaves all", "-room/bert", "-other/ann")
		wantMembers(t, h, "room")
	})
}

// TestPresenceEventsMayUseTheHub tells the room who has come, which is what they
// are for.
func TestPresenceEventsMayUseTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *hub.Hub
		h = newHub(t, &hub.Options{Presence: func(e hub.Event) {
			h.PublishLocal(e.Topic, websocket.OpText, fmt.Append(nil, e.Name, " ", e.Joined, " ", h.Members(e.Topic)))
		}})
		one := newCollector(t, h, "room")
		a := pipePeer(t)
		join(t, h, a, "room", "ann")
		wantMessages(one, "joins", "ann true [ann]")
		a.CloseNow()
		wantMessages(one, "leaves", "ann false []")
	})
}

func TestPresenceOverNodes(t *testing.T) {
	inCluster(t, 0, func(t *testing.T, c *cluster) {
		one, first := c.observed()
		two, second := c.observed()
		a, b := pipePeer(t), pipePeer(t)
		join(t, one, a, "room", "ann")
		join(t, two, b, "room", "bob")
		first.want(t, "both nodes hear of both", "+room/ann", "+room/bob")
		second.want(t, "both nodes hear of both", "+room/ann", "+room/bob")

		three, third := c.observed()
		third.want(t, "a node that comes later too", "+room/ann", "+room/bob")
		wantMembers(t, three, "room", "ann", "bob")
		first.want(t, "and nobody else hears of it again")

		also := pipePeer(t)
		join(t, three, also, "room", "ann")
		for _, o := range []*observer{first, second, third} {
			o.want(t, "a name on two nodes is there once")
		}
		a.CloseNow()
		second.want(t, "and stays until both have left")
		also.CloseNow()
		for _, o := range []*observer{first, second, third} {
			o.want(t, "which they have", "-room/ann")
		}
		join(t, three, pipePeer(t), "room", "cleo")
		synctest.Wait()
		third.want(t, "cleo joins", "+room/cleo")
		if err := three.Close(); err != nil {
			t.Fatal(err)
		}
		first.want(t, "the members of a node that closes leave at once", "+room/cleo", "-room/cleo")
		wantMembers(t, one, "room", "bob")
		time.Sleep(10 * heartbeat)
		first.want(t, "in peace nothing happens")
		wantMembers(t, one, "room", "bob")
		wantMembers(t, two, "room", "bob")
	})
}

// TestPresenceOfLostNode cuts a node off, and heals the link.
func TestPresenceOfLostNode(t *testing.T) {
	inCluster(t, 0, func(t *testing.T, c *cluster) {
		one, first := c.observed()
		two, second := c.observed()
		three, third := c.observed()
		join(t, one, pipePeer(t), "room", "ann")
		join(t, two, pipePeer(t), "room", "bob")
		b := pipePeer(t)
		join(t, three, b, "room", "cleo")
		for _, o := range []*observer{first, second, third} {
			o.want(t, "all are there", "+room/ann", "+room/bob", "+room/cleo")
		}

		c.nodes[2].setCut(true)
		time.Sleep(heartbeat)
		c.nodes[2].setCut(false)
		time.Sleep(4 * heartbeat)
		for _, o := range []*observer{first, second, third} {
			o.want(t, "a short interruption is no event")
		}

		c.nodes[2].setCut(true)
		time.Sleep(2 * heartbeat)
		first.want(t, "a silent node has time")
		time.Sleep(3 * heartbeat)
		first.want(t, "and then is lost", "-room/cleo")
		second.want(t, "for all others", "-room/cleo")
		third.want(t, "as they are for it", "-room/ann", "-room/bob")
		wantMembers(t, three, "room", "cleo")
		join(t, three, pipePeer(t), "room", "dora")
		b.CloseNow()
		third.want(t, "locally it goes on", "+room/dora", "-room/cleo")

		c.nodes[2].setCut(false)
		first.want(t, "when the link is back, so is the node, as it is now", "+room/dora")
		second.want(t, "for all others", "+room/dora")
		third.want(t, "as they are for it", "+room/ann", "+room/bob")
		for _, h := range c.hubs {
			wantMembers(t, h, "room", "ann", "bob", "dora")
		}
	})
}

// TestPresenceRepairsLosses has a broker lose what nodes tell each other.
func TestPresenceRepairsLosses(t *testing.T) {
	for _, tt := range []struct {
		name string
		lost string // in the first notice that is lost; those behind it for the same reason are, too
		n    int
	}{
		{"a joining", `"joined"`, 1},
		{"two joinings", `"joined"`, 2},
		{"a leaving", `"left"`, 1},
		{"a heartbeat", `"alive"`, 1},
		{"the question for a snapshot", `"ask"`, 1},
		{"the first snapshot", `"snapshot"`, 1},
		{"the first part of it", `"part":1`, 1},
		{"a part in the middle", `"part":3`, 1},
		{"the last part", `"part":5`, 1},
		{"any three", `"`, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inCluster(t, 0, func(t *testing.T, c *cluster) {
				one, first := c.observed()
				_, second := c.observed()
				p := pipePeer(t)
				var want []string
				for i := range 1000 {
					name := fmt.Sprintf("%03d %s", i, strings.Repeat("x", 140)) // in five parts
					join(t, one, p, fmt.Sprint("room.", i), name)
					want = append(want, fmt.Sprint("+room.", i, "/", name))
				}
				first.want(t, "they are there", want...)
				second.want(t, "on both nodes", want...)
				n := tt.n
				c.mu.Lock()
				c.lose = func(topic string, message []byte) bool {
					lost := n > 0 && topic == "$hub" && bytes.Contains(message, []byte(tt.lost))
					if lost {
						n--
					}
					return lost
				}
				c.mu.Unlock()
				a := pipePeer(t)
				join(t, one, a, "room", "ann")
				join(t, one, a, "room.2", "ann")
				time.Sleep(time.Second)
				c.observed() // asks for snapshots
				one.Unsubscribe(a.Conn, "room.2")
				one.Unsubscribe(p.Conn, "room.0")
				time.Sleep(10 * heartbeat)
				for _, h := range c.hubs {
					wantMembers(t, h, "room", "ann")
					wantMembers(t, h, "room.0")
					wantMembers(t, h, "room.2", want[2][len("+room.2/"):])
					wantMembers(t, h, "room.999", want[999][len("+room.999/"):])
				}
				if n != 0 && tt.lost != `"` {
					t.Errorf("%d notices with %s were not lost: they were not sent", n, tt.lost)
				}
			})
		})
	}
}

// TestPresenceStorm has connections come and go on three nodes at once.
func TestPresenceStorm(t *testing.T) {
	inCluster(t, 3, func(t *testing.T, c *cluster) {
		var wg sync.WaitGroup
		for i, h := range c.hubs {
			for k := range 4 {
				wg.Go(func() {
					for n := range 100 {
						p := pipePeer(t)
						join(t, h, p, fmt.Sprint("room.", n%3), fmt.Sprint(i, ".", k))
						join(t, h, p, "room", "all")
						p.CloseNow()
					}
				})
			}
		}
		last := pipePeer(t)
		join(t, c.hubs[0], last, "room", "last")
		wg.Wait()
		time.Sleep(3 * heartbeat)
		for _, h := range c.hubs {
			wantMembers(t, h, "room", "last")
			for n := range 3 {
				wantMembers(t, h, fmt.Sprint("room.", n))
			}
		}
	})
}

// stuckBroker is a Broker that stands still.
type stuckBroker struct {
	*nodeBroker
	goOn    chan struct{} // closed when it does not any more
	notices atomic.Int64  // of presence
}

func (b *stuckBroker) Publish(topic string, message []byte) error {
	<-b.goOn
	if topic == "$hub" {
		b.notices.Add(1)
	}
	return b.nodeBroker.Publish(topic, message)
}

// TestPresenceWaitsForTheBroker has more changes than are kept for a broker that
// stands still. In the end the other node knows who is there.
func TestPresenceWaitsForTheBroker(t *testing.T) {
	const changes, kept = 80_000, 2 << 14 // in the hand of who sends them, and behind
	inCluster(t, 1, func(t *testing.T, c *cluster) {
		b := &stuckBroker{nodeBroker: c.node(), goOn: make(chan struct{})}
		h := newHub(t, &hub.Options{Broker: b, Logger: slog.New(slog.DiscardHandler)})
		p := pipePeer(t)
		for i := range changes / 2 { // each is a name that comes, and one that goes
			join(t, h, p, "room", fmt.Sprint(i))
		}
		join(t, h, pipePeer(t), "room", "another")
		wantMembers(t, c.hubs[0], "room")
		close(b.goOn)
		time.Sleep(heartbeat)
		synctest.Wait()
		wantMembers(t, c.hubs[0], "room", fmt.Sprint(changes/2-1), "another")
		if got := b.notices.Load(); got > kept+100 { // what belongs to a heartbeat comes on top
			t.Errorf("%d notices had been kept, want %d at most", got, kept)
		}
	})
}

// TestSnapshotsAreSpaced has somebody ask for one again and again.
func TestSnapshotsAreSpaced(t *testing.T) {
	inCluster(t, 2, func(t *testing.T, c *cluster) {
		join(t, c.hubs[0], pipePeer(t), "room", "ann")
		synctest.Wait()
		snapshots := 0
		c.mu.Lock()
		c.lose = func(_ string, message []byte) bool {
			if bytes.Contains(message, []byte(`"snapshot"`)) {
				snapshots++
			}
			return false
		}
		c.mu.Unlock()
		const asked = 1000
		for number := range asked { // within one heartbeat
			ask := append([]byte{1, 0, 9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0}, byte(number>>8), byte(number))
			c.nodes[0].receiver.Deliver("$hub", append(ask, `{"kind":"ask"}`...))
			time.Sleep(heartbeat / asked)
		}
		synctest.Wait()
		if snapshots < 5 || snapshots > 15 {
			t.Errorf("%d snapshots were sent within a heartbeat to one who has asked %d times, want about 10", snapshots, asked)
		}
	})
}
