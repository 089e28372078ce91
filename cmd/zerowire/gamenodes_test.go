package main

import (
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket/hub"
)

// TestGameHearsOfOtherNodes has what another node tells arrive twice, late, and
// wrong.
func TestGameHearsOfOtherNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGame()
		var told []string
		g.tell = func(message []byte) { told = append(told, string(message)) }
		var ann, bob fakePeer
		a := g.enter(&ann)
		if refused := g.move(a, "", position{"teal", 0, 0.5}); refused != nil {
			t.Fatal(refused)
		}
		for _, message := range []string{
			`{"id":"plum","x":1,"y":1}`,
			`{"id":"plum","x":1,"y":1}`,   // told again
			`{"id":"plum","x":2,"y":1}`,   // off the board
			`{"id":"teal","x":1,"y":1}`,   // a player of this node's
			`{"id":"teal","left":true}`,   // the same
			`{"id":"nobody","left":true}`, // never was here
			`not JSON`,
			`{"id":"plum","x":0,"y":1}`,
		} {
			g.hear([]byte(message))
		}
		b := g.enter(&bob)
		if got := g.move(b, "", position{"plum", 0, 0}); got != errGameIDTaken {
			t.Errorf("move(plum) = %v while another node has a plum, want %v", got, errGameIDTaken)
		}
		g.present(hub.Event{Topic: chatTopic, Name: "plum"})
		g.present(hub.Event{Topic: playersTopic, Name: "plum", Joined: true})
		g.present(hub.Event{Topic: playersTopic, Name: "teal"})
		synctest.Wait()
		g.present(hub.Event{Topic: playersTopic, Name: "plum"}) // its node died
		g.present(hub.Event{Topic: playersTopic, Name: "plum"})
		g.retell()
		g.exit(a, "teal")
		g.exit(b, "")

		ann.wantReceived(t, "ann", `{"id":"plum","x":1,"y":1}`, `{"id":"plum","x":0,"y":1}`, `{"id":"plum","left":true}`)
		if len(bob.received) != 4 || bob.received[2] != `{"id":"plum","left":true}` || bob.received[3] != `{"id":"teal","left":true}` {
			t.Errorf("bob received %q, want where the two are and that they left", bob.received)
		}
		want := []string{`{"id":"teal","x":0,"y":0.5}`, `{"id":"teal","x":0,"y":0.5}`, `{"id":"teal","left":true}`}
		if len(told) != len(want) || told[0] != want[0] || told[1] != want[1] || told[2] != want[2] {
			t.Errorf("the other nodes were told %q, want %q", told, want)
		}
	})
}
