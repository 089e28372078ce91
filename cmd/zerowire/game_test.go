package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
)

// inGame runs f in a bubble of time, with a game that nobody plays yet.
func inGame(t *testing.T, f func(t *testing.T, g *game)) {
	synctest.Test(t, func(t *testing.T) {
		h, err := hub.New(&hub.Options{Overflow: hub.Disconnect, MaxPending: maxBacklog})
		if err != nil {
			t.Fatal(err)
		}
		defer time.Sleep(time.Hour) // whoever sleeps in this bubble wakes up and ends
		defer h.Close()
		f(t, newGame(h))
	})
}

// guest is a client of the game, in memory.
type guest struct {
	*websocket.Conn
	server *websocket.Conn // the other end
	t      *testing.T
	name   string

	mu       sync.Mutex
	received []string // since the last look
	ended    error
}

func newGuest(t *testing.T, name string) *guest {
	a := &guest{t: t, name: name}
	a.Conn, a.server = websocket.Pipe(nil)
	t.Cleanup(func() {
		a.CloseNow()
		a.server.CloseNow()
	})
	go func() {
		for {
			_, p, err := a.Read(context.Background())
			a.mu.Lock()
			if err != nil {
				a.ended = err
				a.mu.Unlock()
				return
			}
			a.received = append(a.received, string(p))
			a.mu.Unlock()
		}
	}()
	return a
}

// visit has a guest enter.
func visit(t *testing.T, g *game, name string) *guest {
	a := newGuest(t, name)
	go a.server.Serve(&player{game: g})
	synctest.Wait()
	return a
}

// says sends a message, and returns when all it leads to has happened.
func (a *guest) says(message string) {
	a.t.Helper()
	if err := a.Write(context.Background(), websocket.OpText, []byte(message)); err != nil {
		a.t.Fatalf("%s cannot say %s: %v", a.name, message, err)
	}
	synctest.Wait()
}

// hears checks what has come since the last time.
func (a *guest) hears(want ...string) {
	a.t.Helper()
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.Equal(a.received, want) {
		a.t.Errorf("%s received %d messages, want %d\n got %.1000s\nwant %.1000s",
			a.name, len(a.received), len(want), fmt.Sprintf("%q", a.received), fmt.Sprintf("%q", want))
	}
	a.received = nil
}

// hearsAll is hears for messages in any order.
func (a *guest) hearsAll(want ...string) {
	a.t.Helper()
	synctest.Wait()
	a.mu.Lock()
	slices.Sort(a.received)
	a.mu.Unlock()
	slices.Sort(want)
	a.hears(want...)
}

// isClosed checks the Close frame that has come.
func (a *guest) isClosed(want *websocket.CloseError) {
	a.t.Helper()
	synctest.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if got, ok := a.ended.(*websocket.CloseError); !ok || *got != *want {
		a.t.Errorf("%s was closed with %v, want %v", a.name, a.ended, want)
	}
}

func TestGameTellsTheOthersWhereAPlayerIs(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		ann, bob := visit(t, g, "ann"), visit(t, g, "bob")
		ann.says(`{"id":"teal","x":0,"y":0.5}`)
		ann.says(`{"id":"teal","x":0.25,"y":0.5}`)
		bob.hears(`{"id":"teal","x":0,"y":0.5}`, `{"id":"teal","x":0.25,"y":0.5}`)
		ann.hears()
		bob.says(`{"id":"plum","x":1,"y":1}`)
		ann.hears(`{"id":"plum","x":1,"y":1}`)
		bob.hears()

		eve := visit(t, g, "eve")
		eve.hearsAll(`{"id":"teal","x":0.25,"y":0.5}`, `{"id":"plum","x":1,"y":1}`)
		eve.says(`{"id":"teal","x":1,"y":1}`)
		eve.isClosed(errGameIDTaken)
		ann.says(`{"id":"teal","x":0.5,"y":0.5}`)
		eve.hears()
		bob.hears(`{"id":"teal","x":0.5,"y":0.5}`)

		bob.says(`{"id":"pink","x":1,"y":1}`)
		bob.isClosed(errGameIDOther)
		bob.hears()
		ann.hears(`{"id":"plum","left":true}`)

		dora := visit(t, g, "dora")
		dora.hears(`{"id":"teal","x":0.5,"y":0.5}`)
		ann.CloseNow()
		dora.hears(`{"id":"teal","left":true}`)
		dora.says(`{"id":"teal","x":0,"y":0}`) // the id is free again
		dora.hears()
		visit(t, g, "last").hears(`{"id":"teal","x":0,"y":0}`)
	})
}

func TestGameSaysNothingOfThoseWithoutAPosition(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		ann, bob := visit(t, g, "ann"), visit(t, g, "bob")
		bob.says("not JSON")
		bob.isClosed(errGameJSON)
		visit(t, g, "eve").CloseNow()
		ann.hears()
	})
}

// TestGameForgetsWhoIsRefused has somebody who goes on, and takes no notice of the
// Close frame.
func TestGameForgetsWhoIsRefused(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		bob := visit(t, g, "bob")
		client, server := websocket.Pipe(nil)
		defer client.CloseNow()
		go server.Serve(&player{game: g})
		eve := &guest{Conn: client, t: t, name: "eve"}
		eve.says(`{"id":"rose","x":0,"y":0}`)
		if got := g.hub.Members(playersTopic); !slices.Equal(got, []string{"rose"}) {
			t.Errorf("Members(%q) = %q, want rose", playersTopic, got)
		}
		eve.says(`{"id":"rose","x":2,"y":0}`)
		eve.says(`{"id":"rose","x":1,"y":0}`)
		eve.says(`{"id":"rose","x":2,"y":0}`)
		bob.hears(`{"id":"rose","x":0,"y":0}`, `{"id":"rose","left":true}`)
		if got := g.hub.Members(playersTopic); len(got) > 0 {
			t.Errorf("Members(%q) = %q, want none", playersTopic, got)
		}
	})
}

// TestGameIsOver has somebody come when the hub has closed.
func TestGameIsOver(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		g.hub.Close()
		visit(t, g, "ann").isClosed(errGoingAway)
	})
}

// TestGameTellsNewcomersFirstWhatWas has players move while others come: what these
// hear of a player never goes back, and ends where it is.
func TestGameTellsNewcomersFirstWhatWas(t *testing.T) {
	const players, moves, newcomers = 3, 200, 20
	inGame(t, func(t *testing.T, g *game) {
		var all []*guest
		var moving sync.WaitGroup
		for i := range players {
			a := visit(t, g, fmt.Sprint("player ", i))
			moving.Go(func() {
				for n := range moves {
					message := fmt.Sprintf(`{"id":"p%d","x":%v,"y":0}`, i, float64(n)/moves)
					if err := a.Write(context.Background(), websocket.OpText, []byte(message)); err != nil {
						t.Errorf("player %d cannot move: %v", i, err)
					}
				}
			})
		}
		for far := range 2 {
			moving.Go(func() {
				for n := range moves {
					g.hear(fmt.Appendf(nil, `{"id":"far%d","x":%v,"y":0}`, far, float64(n)/moves), time.Now())
				}
			})
		}
		for i := range newcomers {
			client, server := websocket.Pipe(nil)
			a := &guest{Conn: client, t: t, name: fmt.Sprint("newcomer ", i)}
			go server.Serve(&player{game: g})
			all = append(all, a)
		}
		moving.Wait()
		for _, a := range all {
			last := map[string]float64{}
			for len(last) < players+2 || slices.Min(slices.Collect(maps.Values(last))) < float64(moves-1)/moves {
				_, p, err := a.Read(context.Background())
				if err != nil {
					t.Fatalf("%s: Read() = %v", a.name, err)
				}
				pos, wrong := parsePosition(websocket.OpText, p)
				if wrong != nil {
					t.Fatalf("%s received %q: %v", a.name, p, wrong)
				}
				if at, known := last[pos.ID]; known && pos.X <= at {
					t.Fatalf("%s hears that %s is at %v behind %v", a.name, pos.ID, pos.X, at)
				}
				last[pos.ID] = pos.X
			}
			a.CloseNow()
		}
	})
}

// TestGameClosesWhoIsTooSlow has somebody read nothing.
func TestGameClosesWhoIsTooSlow(t *testing.T) {
	inGame(t, func(t *testing.T, g *game) {
		client, server := websocket.Pipe(nil)
		defer client.CloseNow()
		go server.Serve(&player{game: g})
		ann, bob := visit(t, g, "ann"), visit(t, g, "bob")
		id, n := strings.Repeat("i", maxIDBytes), 4*maxBacklog/maxIDBytes
		want := make([]string, n)
		for i := range n {
			want[i] = string(encode(position{id, float64(i) / float64(n), 0}))
			if err := ann.Write(context.Background(), websocket.OpText, []byte(want[i])); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				synctest.Wait() // bob keeps up
			}
		}
		bob.hears(want...)
		for i := 0; ; i++ {
			_, p, err := client.Read(context.Background())
			if err != nil {
				if websocket.CloseStatus(err) != websocket.StatusTryAgainLater {
					t.Errorf("after %d of %d messages the slow one was closed with %v, want %d", i, n, err, websocket.StatusTryAgainLater)
				}
				return
			}
			if i == n || string(p) != want[i] {
				t.Fatalf("message %d to the slow one is %q, want %q", i, p, want[min(i, n-1)])
			}
		}
	})
}
