package interop

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// countingPool is a BufferPool that counts the buffers in use.
type countingPool struct {
	pool sync.Pool
	mu   sync.Mutex
	used int
}

func (p *countingPool) Get() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used++
	return p.pool.Get()
}

func (p *countingPool) Put(v any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used--
	p.pool.Put(v)
}

func (p *countingPool) inUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used
}

// TestGorillaBufferPool counts the buffers of an application's pool that connections of both
// libraries hold.
func TestGorillaBufferPool(t *testing.T) {
	for _, role := range []codec.Role{codec.Server, codec.Client} {
		t.Run(fmt.Sprint(role), func(t *testing.T) {
			var shown [2][]string
			for i, l := range []*gorillaLibrary{&theirGorilla, &ourGorilla} {
				shown[i] = poolUse(t, l, role)
			}
			compareGorilla(t, "", shown[0], shown[1])
		})
	}
}

// poolUse returns how many buffers a connection of l holds during its messages.
func poolUse(t *testing.T, l *gorillaLibrary, role codec.Role) []string {
	var pool countingPool
	s := gorillaScript{
		up:   websocket.Upgrader{WriteBufferPool: &pool},
		dial: websocket.Dialer{WriteBufferPool: &pool},
		peer: silent,
		play: func(g *gorillaPlay) {
			g.note("idle: %d", pool.inUse())
			for _, n := range []int{0, 100, differentialBuffer, 5000} {
				g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long[:n])))
				g.note("after WriteMessage: %d", pool.inUse())
				w, _ := g.NextWriter(websocket.TextMessage)
				g.note("after NextWriter: %d", pool.inUse())
				io.WriteString(w, long[:n])
				g.note("after Write: %d", pool.inUse())
				w.Close()
				g.note("after Close: %d", pool.inUse())
			}
			g.WriteControl(websocket.PingMessage, nil, later())
			g.note("after a Ping: %d", pool.inUse())
			w, _ := g.NextWriter(websocket.PingMessage)
			_, err := w.Write([]byte(long))
			g.noteError("a Ping that is too long", err)
			g.note("after an error: %d", pool.inUse())
			w, _ = g.NextWriter(websocket.TextMessage)
			g.WriteControl(websocket.CloseMessage, nil, later())
			g.noteError("Close", w.Close())
			g.note("after an error: %d", pool.inUse())
			_, err = g.NextWriter(websocket.TextMessage)
			g.noteError("NextWriter", err)
			g.note("after an error: %d", pool.inUse())
		},
	}
	return s.run(t, l, role, false).notes
}

// TestGorillaRequests compares what the two libraries find in requests.
func TestGorillaRequests(t *testing.T) {
	for _, values := range [][]string{nil, {""}, {"a"}, {" a ,b,,c "}, {"a", "b"}, {"upgrade"}, {"keep-alive, Upgrade"}, {"upgrade;q=1"}, {"x upgrade"}, {"\tUPGRADE\t"}} {
		r := &http.Request{Header: http.Header{"Connection": values, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": values}}
		s := &http.Request{Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": append([]string{"h2c"}, values...)}}
		var shown [2]string
		for i, l := range []*gorillaLibrary{&theirGorilla, &ourGorilla} {
			shown[i] = fmt.Sprintf("%q %v %v", l.subprotocols(r), l.isUpgrade(r), l.isUpgrade(s))
		}
		compareGorilla(t, "", shown[0], shown[1])
	}
}
