package hub

import (
	"fmt"
	"testing"

	"github.com/zerowire/websocket"
)

func prepared(t *testing.T, payload string) *websocket.Prepared {
	t.Helper()
	m, err := websocket.Prepare(websocket.OpText, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestAdmit has messages wait up to MaxPending, and then one and another one more.
func TestAdmit(t *testing.T) {
	m := make([]*websocket.Prepared, 5)
	for i := range m {
		m[i] = prepared(t, fmt.Sprint(i))
	}
	for _, tt := range []struct {
		name    string
		policy  Overflow
		dropped [5]int // by each of them
		waiting []*websocket.Prepared
	}{
		{"DropOldest", DropOldest, [5]int{0, 0, 0, 1, 1}, m[2:]},
		{"DropNewest", DropNewest, [5]int{0, 0, 0, 1, 1}, m[:3]},
		{"Disconnect", Disconnect, [5]int{0, 0, 0, 4, 1}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, server := websocket.Pipe(nil)
			defer client.CloseNow()
			defer server.CloseNow()
			s := &subscriber{hub: &Hub{options: Options{Overflow: tt.policy, MaxPending: 3 * weight(m[0])}}, conn: server}
			for i := range m {
				if got := s.admit(m[i]); got != tt.dropped[i] {
					t.Errorf("admit(message %d) has dropped %d, want %d", i, got, tt.dropped[i])
				}
			}
			if fmt.Sprint(s.waiting) != fmt.Sprint(tt.waiting) || s.bytes != len(tt.waiting)*weight(m[0]) {
				t.Errorf("%d messages wait, of %d bytes; want %d", len(s.waiting), s.bytes, len(tt.waiting))
			}
		})
	}
}

// TestShardKeepsLittle looks at what is left of many members, and of much to do.
func TestShardKeepsLittle(t *testing.T) {
	const many = 10 * keepItems
	h := &Hub{}
	s, p := newShard(), &part{}
	members := make([]*membership, many)
	for i := range members {
		members[i] = &membership{part: p, subscriber: &subscriber{hub: h, behind: true, closing: true}}
		s.push(item{joins: members[i]})
	}
	s.push(item{message: prepared(t, "a"), to: p})
	s.push(item{message: prepared(t, "b"), to: p})
	s.awaitIdle()
	if len(p.members) != many || s.members != many || cap(s.due) < many {
		t.Fatalf("%d of %d members in the part, %d in the shard, and room for %d", len(p.members), many, s.members, cap(s.due))
	}
	if cap(s.due) >= 2*many {
		t.Errorf("two messages to %d members made room for %d deliveries", many, cap(s.due))
	}
	for _, m := range members[1:] {
		s.push(item{leaves: m})
	}
	s.push(item{message: prepared(t, "c"), to: p})
	s.awaitIdle()
	if len(p.members) != 1 || p.members[0] != members[0] || s.members != 1 {
		t.Errorf("%d members are left in the part, and %d in the shard, want the first one", len(p.members), s.members)
	}
	for what, room := range map[string]int{"members": cap(p.members), "deliveries": cap(s.due), "items": cap(s.queue), "items in hand": cap(s.taken)} {
		if room > 2*keepItems {
			t.Errorf("there is room for %d %s, when one member is left", room, what)
		}
	}
}

// TestShardForgets looks for messages and members where they were.
func TestShardForgets(t *testing.T) {
	s, p := newShard(), &part{}
	brief := &membership{part: p}
	s.push(item{joins: &membership{part: p, subscriber: &subscriber{hub: &Hub{}, behind: true, closing: true}}})
	s.push(item{joins: brief})
	s.push(item{leaves: brief})
	for range batchMessages + 1 {
		s.push(item{message: prepared(t, "a"), to: p, cost: 1})
	}
	s.awaitIdle()
	if s.cost != 0 {
		t.Errorf("the cost of nothing is %d", s.cost)
	}
	for _, items := range [][]item{s.queue, s.taken} {
		for _, it := range items[:cap(items)] {
			if it != (item{}) {
				t.Fatalf("an item is left: %+v", it)
			}
		}
	}
	for _, messages := range [][]*websocket.Prepared{s.messages, s.batch} {
		for _, m := range messages[:cap(messages)] {
			if m != nil {
				t.Fatal("a message is left")
			}
		}
	}
	for _, sub := range s.due[:cap(s.due)] {
		if sub != nil {
			t.Fatal("a subscriber is left")
		}
	}
	for _, m := range p.members[1:cap(p.members)] {
		if m != nil {
			t.Fatal("a member is left that has gone")
		}
	}
}

// TestEnvelopesKeepLittle publishes one that is large.
func TestEnvelopesKeepLittle(t *testing.T) {
	h, err := New(&Options{Broker: Mute{}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for _, size := range []int{100, 1 << 20, 100} {
		if err := h.Publish("a", websocket.OpBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if got := cap(h.stripe("a").envelope); got > keepEnvelope || size == 100 && got == 0 {
			t.Errorf("after a message of %d bytes there is room for %d", size, got)
		}
	}
}

// Mute is a Broker without other nodes.
type Mute struct{}

func (Mute) Attach(Receiver) error        { return nil }
func (Mute) Subscribe(string) error       { return nil }
func (Mute) Unsubscribe(string) error     { return nil }
func (Mute) Publish(string, []byte) error { return nil }
func (Mute) Close() error                 { return nil }
