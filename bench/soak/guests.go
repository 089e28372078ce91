package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// guests are the server's books: which connections there are, and what each was
// answered. The clients' books have to say the same.
type guests struct {
	mu         sync.Mutex
	byID       map[uint64]*guest
	byConn     map[*websocket.Conn]*guest
	generation int           // how often forget was called
	forgotten  chan struct{} // closed when it is called again
	openings   int64
	endings    int64
}

// guest is a connection, known by the number that the client has given it.
type guest struct {
	mu      sync.Mutex
	account Account
	ended   chan struct{} // closed when it has; then ending says how
	ending  Ending
}

// Account is what was sent to a connection, or came back on it.
type Account struct {
	Messages, Bytes int64
	Err             string // of the first answer that could not be given, for another reason than a close
}

// Ending is how a connection has ended, as the server sees it.
type Ending struct {
	Code    websocket.StatusCode
	Timeout bool
	Err     string
}

func newGuests() *guests {
	return &guests{byID: map[uint64]*guest{}, byConn: map[*websocket.Conn]*guest{}, forgotten: make(chan struct{})}
}

// opened is Hooks.Opened.
func (g *guests) opened(*websocket.Conn, *websocket.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.openings++
}

// enter notes that c is the connection of the guest with that number.
func (g *guests) enter(c *websocket.Conn, id uint64) *guest {
	g.mu.Lock()
	defer g.mu.Unlock()
	x := g.find(id)
	g.byConn[c] = x
	return x
}

// find returns the guest with that number, who may be yet to come.
func (g *guests) find(id uint64) *guest {
	x := g.byID[id]
	if x == nil {
		x = &guest{ended: make(chan struct{})}
		g.byID[id] = x
	}
	return x
}

// closed is Hooks.Closed.
func (g *guests) closed(c *websocket.Conn, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.endings++
	if x := g.byConn[c]; x != nil {
		delete(g.byConn, c)
		x.ending = Ending{websocket.CloseStatus(err), errors.Is(err, websocket.ErrTimeout), fmt.Sprint(err)}
		close(x.ended)
	}
}

// answered notes an answer of n bytes, which could be given if err is nil.
func (x *guest) answered(n int, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case err == nil:
		x.account.Messages++
		x.account.Bytes += int64(n)
	case x.account.Err == "" && !errors.Is(err, websocket.ErrClosed):
		x.account.Err = err.Error()
	}
}

// errForgotten is what await returns when the books were closed meanwhile.
var errForgotten = errors.New("the server was shut down meanwhile")

// await waits until the guest with that number has ended, and then forgets it.
func (g *guests) await(generation int, id uint64, limit time.Duration) (Ending, error) {
	g.mu.Lock()
	if generation != g.generation {
		g.mu.Unlock()
		return Ending{}, errForgotten
	}
	x, forgotten := g.find(id), g.forgotten
	g.mu.Unlock()
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-x.ended:
	case <-forgotten:
		return Ending{}, errForgotten
	case <-late.C:
		return Ending{}, fmt.Errorf("the server still has the connection after %v", limit)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.byID, id)
	return x.ending, nil
}

// forget closes the books, and returns what each guest was answered.
func (g *guests) forget() map[uint64]Account {
	g.mu.Lock()
	defer g.mu.Unlock()
	accounts := map[uint64]Account{}
	for id, x := range g.byID {
		x.mu.Lock()
		accounts[id] = x.account
		x.mu.Unlock()
	}
	clear(g.byID)
	clear(g.byConn)
	close(g.forgotten)
	g.forgotten = make(chan struct{})
	g.generation++
	return accounts
}

// counts returns how many connections were opened, and how many have ended.
func (g *guests) counts() (opened, ended int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.openings, g.endings
}
