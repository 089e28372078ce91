package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
)

// newEar hears what games tell those of other nodes.
func newEar(t *testing.T, g *game) *guest {
	a := newGuest(t, "an ear")
	if err := g.hub.Subscribe(a.server, movesTopic+".*"); err != nil {
		t.Fatal(err)
	}
	return a
}

// tell is what another node says.
func (g *game) tell(messages ...string) {
	for _, message := range messages {
		g.hear([]byte(message), time.Now())
	}
}

// TestGameHearsOfOtherNodes has what another node tells arrive twice, late, and
// wrong.
func TestGameHearsOfOtherNodes(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		other := newEar(t, g)
		ann := visit(t, g, "ann")
		ann.says(`{"id":"teal","x":0,"y":0.5}`)
		other.hears(`{"id":"teal","x":0,"y":0.5}`)
		g.tell(
			`{"id":"plum","x":1,"y":1}`,
			`{"id":"plum","x":1,"y":1}`,   // told again
			`{"id":"plum","x":2,"y":1}`,   // off the board
			`{"id":"teal","x":1,"y":1}`,   // a player of this node's
			`{"id":"teal","left":true}`,   // the same
			`{"id":"nobody","left":true}`, // never was here
			`not JSON`,
			`{"id":"plum","x":0,"y":1}`,
		)
		ann.hears(`{"id":"plum","x":1,"y":1}`, `{"id":"plum","x":0,"y":1}`)

		bob := visit(t, g, "bob")
		bob.hearsAll(`{"id":"teal","x":0,"y":0.5}`, `{"id":"plum","x":0,"y":1}`)
		bob.says(`{"id":"plum","x":0,"y":0}`)
		bob.isClosed(errGameIDTaken)
		g.tell(`{"id":"plum","left":true}`, `{"id":"plum","left":true}`)
		ann.hears(`{"id":"plum","left":true}`)
		eve := visit(t, g, "eve")
		eve.says(`{"id":"plum","x":0,"y":0}`)
		other.hears(`{"id":"plum","x":0,"y":0}`) // and nothing of what it has told itself
		eve.CloseNow()
		ann.hears(`{"id":"plum","x":0,"y":0}`, `{"id":"plum","left":true}`)
		other.hears(`{"id":"plum","left":true}`)
	})
}

// TestGameLosesANodeThatIsSilent has another node's players be told again for a
// while, and this one's tell of its own.
func TestGameLosesANodeThatIsSilent(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		g.span(ctx)
		other := newEar(t, g)
		ann := visit(t, g, "ann")
		ann.says(`{"id":"teal","x":0,"y":0.5}`)
		g.tell(`{"id":"plum","x":1,"y":1}`)
		ann.hears(`{"id":"plum","x":1,"y":1}`)
		other.hears(`{"id":"teal","x":0,"y":0.5}`)
		for range 10 {
			time.Sleep(heartbeat)
			other.hears(`{"id":"teal","x":0,"y":0.5}`)
			g.tell(`{"id":"plum","x":1,"y":1}`)
		}
		ann.hears()
		time.Sleep(3 * heartbeat)
		ann.hears()
		time.Sleep(heartbeat)
		ann.hears(`{"id":"plum","left":true}`)
		visit(t, g, "bob").hears(`{"id":"teal","x":0,"y":0.5}`)
		g.tell(`{"id":"plum","x":1,"y":1}`) // it was only held up
		ann.hears(`{"id":"plum","x":1,"y":1}`)
	})
}

// TestGameDoesNotHearItself has a game whose ear is ours: a player who has left would
// come back by what is heard too late.
func TestGameDoesNotHearItself(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		own, other := newEar(t, g), newEar(t, g)
		g.ear = own.server
		ann := visit(t, g, "ann")
		ann.says(`{"id":"teal","x":0,"y":0.5}`)
		g.beat(time.Now())
		g.tell(`{"id":"plum","x":1,"y":1}`)
		ann.CloseNow()
		own.hears()
		other.hears(`{"id":"teal","x":0,"y":0.5}`, `{"id":"teal","x":0,"y":0.5}`, `{"id":"teal","left":true}`)
	})
}

// TestGameHasAnEar has what other nodes say come through the hub, also after the ear
// was too slow once.
func TestGameHasAnEar(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		g.span(ctx)
		ann := visit(t, g, "ann")
		tell := func(message string) {
			if err := g.hub.Publish(movesTopic+".another.node", websocket.OpText, []byte(message)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		tell(`{"id":"plum","x":1,"y":1}`)
		ann.hears(`{"id":"plum","x":1,"y":1}`)
		g.mu.Lock()
		ear := g.ear
		g.mu.Unlock()
		go ear.Close(websocket.StatusTryAgainLater, "too slow")
		synctest.Wait()
		tell(`{"id":"plum","x":0,"y":1}`)
		ann.hears() // nobody listens
		time.Sleep(heartbeat)
		synctest.Wait()
		tell(`{"id":"plum","x":0,"y":1}`)
		ann.hears(`{"id":"plum","x":0,"y":1}`)
		cancel()
		synctest.Wait()
		if err := g.hub.Subscribe(g.ear, farTopic); err != websocket.ErrClosed {
			t.Errorf("when the context has ended Subscribe(the ear) = %v, want %v", err, websocket.ErrClosed)
		}
		tell(`{"id":"plum","x":0,"y":0}`)
		ann.hears()
	})
}
