package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket"
)

// fakePeer records what a room writes. A peer that is stuck writes nothing
// until it is released.
type fakePeer struct {
	stuck    chan struct{} // nil writes at once; closed to release
	received []string
	closed   websocket.StatusCode
}

func (p *fakePeer) Write(_ context.Context, _ websocket.Opcode, message []byte) error {
	if p.stuck != nil {
		<-p.stuck
	}
	p.received = append(p.received, string(message))
	return nil
}

func (p *fakePeer) Close(code websocket.StatusCode, _ string) error {
	p.closed = code
	return nil
}

// wantReceived waits until the room has nothing left to do.
func (p *fakePeer) wantReceived(t *testing.T, who string, want ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(p.received, want) {
		t.Errorf("%s received %q, want %q", who, p.received, want)
	}
}

func TestRoomDeliversToMembersOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r room
		var ann, bob, eve fakePeer
		a, b := r.join(&ann), r.join(&bob, []byte("welcome"), []byte("bob"))
		r.send([]byte("to all"), nil)
		r.send([]byte("to others"), a)
		e := r.join(&eve)
		r.leave(b)
		r.leave(b)
		r.send([]byte("after"), nil)
		ann.wantReceived(t, "ann", "to all", "after")
		bob.wantReceived(t, "bob", "welcome", "bob", "to all", "to others")
		eve.wantReceived(t, "eve", "after")
		r.leave(a)
		r.leave(e)
		r.send([]byte("to nobody"), nil)
		eve.wantReceived(t, "eve", "after")
	})
}

func TestRoomClosesTheMemberThatReadsTooSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r room
		slow := fakePeer{stuck: make(chan struct{})}
		var quick fakePeer
		r.join(&slow)
		q := r.join(&quick)
		var want []string
		for i := range queueLength + 10 {
			want = append(want, fmt.Sprint(i))
			r.send([]byte(want[i]), nil)
			synctest.Wait() // quick keeps up
		}
		quick.wantReceived(t, "quick", want...)
		close(slow.stuck)
		// One message was with the peer while the queue filled up.
		slow.wantReceived(t, "slow", want[:queueLength+1]...)
		if slow.closed != websocket.StatusTryAgainLater || quick.closed != 0 {
			t.Errorf("closed slow with %d, quick with %d, want %d and 0", slow.closed, quick.closed, websocket.StatusTryAgainLater)
		}
		r.leave(q)
	})
}
