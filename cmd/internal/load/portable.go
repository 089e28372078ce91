package load

import (
	"context"
	"sync"
	"time"

	"github.com/zerowire/websocket"
)

// crowd drives Conns: each is served on a goroutine of its own, and the lane's
// goroutine keeps time.
type crowd struct {
	lane
	guests []*guest
}

// newCrowds returns the drivers of links, which are Conns.
func newCrowds(r *run, links []link) (drivers []driver) {
	n := min(r.plan.threads, len(links))
	for i := range n {
		c := &crowd{lane: newLane(r)}
		for j := i; j < len(links); j += n {
			g := &guest{crowd: c, conn: links[j].conn, window: newWindow(links[j].number, r.plan.script, r.plan.depth, c.tally)}
			if r.plan.depth*r.plan.script.Largest() > inlineBytes {
				g.wake = make(chan struct{}, 1)
			}
			c.guests = append(c.guests, g)
			c.join(g)
		}
		drivers = append(drivers, c)
	}
	return drivers
}

// drive is the life of a crowd.
func (c *crowd) drive() error {
	defer c.finish()
	var serving sync.WaitGroup
	for _, g := range c.guests {
		serving.Go(func() { _ = g.conn.Serve(g) }) // its Close is told why it ended
		if g.wake != nil {
			serving.Go(g.sender)
		}
	}
	c.begin()
	for !c.finished() {
		time.Sleep(c.nap())
		c.pace(c.now())
	}
	for _, g := range c.guests {
		g.leave()
	}
	serving.Wait()
	return nil
}

// nap returns how long to sleep: echoes that come meanwhile wake nobody, so it is
// short once nothing more is sent.
func (c *crowd) nap() time.Duration {
	if c.over > 0 || c.schedule.end == 0 && c.schedule.over(c.now()) {
		return time.Millisecond
	}
	return min(c.patience(), 10*time.Millisecond)
}

// guest is a connection of a crowd, and its Handler.
type guest struct {
	crowd *crowd
	conn  *websocket.Conn

	wake chan struct{} // for sender, if there is one: something may be sent

	mu sync.Mutex // without a sender, held while sending: messages leave in the window's order
	window
	ended bool
	left  bool // the closing handshake was begun here
}

// Open does nothing: the lane begins.
func (g *guest) Open(*websocket.Conn) {}

// Message checks an echo and sends what may be sent in its place.
func (g *guest) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.crowd.now()
	g.crowd.mu.Lock()
	g.crowd.tally.now, g.heard = now, now
	_ = g.Arrive(op, false, p, &g.window) // the window never fails
	g.crowd.mu.Unlock()
	g.emit(now)
}

// Close counts what the connection's end means.
func (g *guest) Close(_ *websocket.Conn, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conclude(err)
	if g.wake != nil {
		close(g.wake)
	}
}

func (g *guest) push(now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.emit(now)
}

// emit sends what may be sent, or has sender do so.
func (g *guest) emit(now int64) {
	if g.ended {
		return
	}
	if g.wake == nil {
		g.write(g.fill(now))
		return
	}
	select {
	case g.wake <- struct{}{}:
	default: // it was woken already
	}
}

// fill decides which messages leave at now: from first up to the one before end.
func (g *guest) fill(now int64) (first, end int64) {
	g.crowd.mu.Lock()
	defer g.crowd.mu.Unlock()
	first = g.Sent
	g.crowd.fill(&g.window, now)
	return first, g.Sent
}

// write sends these messages. That it fails, Close is told too.
func (g *guest) write(first, end int64) {
	for m := first; m < end-1; m++ {
		_ = g.conn.Queue(context.Background(), g.Script.Opcode, g.Payload(m))
	}
	if end > first {
		_ = g.conn.Write(context.Background(), g.Script.Opcode, g.Payload(end-1))
	}
}

// inlineBytes is how much may be in flight where Message itself sends: no more than
// sockets hold. Otherwise both ends could wait for the other one to read.
const inlineBytes = 32 << 10

// sender sends on a goroutine of its own, until the connection has ended.
func (g *guest) sender() {
	for range g.wake {
		g.mu.Lock()
		first, end := g.fill(g.crowd.now())
		g.mu.Unlock()
		g.write(first, end)
	}
}

func (g *guest) idle(now int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended || g.crowd.settled(&g.window, now)
}

func (g *guest) watch(now int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.ended && g.silent(now, int64(g.crowd.plan.timeout)) {
		g.conclude(errSilent)
		g.conn.CloseNow()
	}
}

// conclude counts why the connection ended, the first time it is told.
func (g *guest) conclude(err error) {
	if g.ended {
		return
	}
	g.ended = true
	g.crowd.live.Add(-1)
	if !g.left {
		g.crowd.mu.Lock()
		g.window.end(err)
		g.crowd.mu.Unlock()
	}
}

// leave gives up what has not come, and begins the closing handshake. On a
// connection that a Handler is served by, Close does not wait.
func (g *guest) leave() {
	g.mu.Lock()
	g.crowd.mu.Lock()
	g.giveUp()
	g.crowd.mu.Unlock()
	g.left = true
	g.mu.Unlock()
	_ = g.conn.Close(websocket.StatusNormalClosure, "")
}
