package interop

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// later returns a deadline that does not pass.
func later() time.Time { return time.Now().Add(patience) }

// past returns a deadline that has passed.
func past() time.Time { return time.Now().Add(-patience) }

// controlScripts are about control frames and the end of connections.
var controlScripts = []gorillaScript{
	{name: "handlers", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpPing, "1")
		p.send(true, codec.OpPong, "2")
		p.send(true, codec.OpClose, "\x0F\xA0own code")
	}, play: func(g *gorillaPlay) {
		g.SetPingHandler(func(s string) error { g.note("ping %q", s); return nil })
		g.SetPongHandler(func(s string) error { g.note("pong %q", s); return nil })
		g.SetCloseHandler(func(code int, s string) error { g.note("close %d %q", code, s); return nil })
		g.readAll()
		g.noteError("write after the peer's Close frame", g.WriteMessage(websocket.TextMessage, []byte("still")))
	}},
	{name: "default handlers", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpPing, "")
		p.send(true, codec.OpPing, long[:125])
		p.send(true, codec.OpPong, "unsolicited")
		p.send(true, codec.OpClose, "\x03\xE8end")
		p.send(true, codec.OpPing, "late")
	}, play: func(g *gorillaPlay) {
		g.readAll()
		g.noteError("write", g.WriteMessage(websocket.TextMessage, nil))
	}},
	{name: "handlers called by the application", both: true, peer: silent, play: func(g *gorillaPlay) {
		g.noteError("ping", g.PingHandler()("by hand"))
		g.noteError("pong", g.PongHandler()("by hand"))
		g.noteError("close", g.CloseHandler()(1001, "by hand"))
		g.noteError("ping", g.PingHandler()("after Close"))
		g.noteError("close", g.CloseHandler()(1000, ""))
	}},
	{name: "handlers set to nil", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpPing, "1")
		p.send(true, codec.OpPong, "2")
		p.send(true, codec.OpClose, "")
	}, play: func(g *gorillaPlay) {
		g.SetPingHandler(nil)
		g.SetPongHandler(nil)
		g.SetCloseHandler(nil)
		g.readAll()
	}},
	{name: "handlers inside a message", both: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, "a")
		p.send(true, codec.OpPing, "1")
		p.send(true, codec.OpPong, "2")
		p.send(false, codec.OpContinuation, "b")
		p.send(true, codec.OpClose, "\x0B\xB8")
	}, play: func(g *gorillaPlay) {
		g.SetPongHandler(func(s string) error { g.note("pong %q", s); return nil })
		_, r, err := g.NextReader()
		g.noteError("NextReader", err)
		p, err := io.ReadAll(r)
		g.note("%q %s", p, g.seen(err))
		g.readAll()
	}},
	{name: "the close handler's error", both: true, peer: func(p *gorillaPeer) { p.send(true, codec.OpClose, "\x03\xE8") }, play: func(g *gorillaPlay) {
		g.SetCloseHandler(func(int, string) error { return io.ErrNoProgress })
		_, _, err := g.ReadMessage()
		g.note("%v", err == io.ErrNoProgress)
	}},
	{name: "WriteControl", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, op := range []int{websocket.PingMessage, websocket.PongMessage} {
			for _, n := range []int{0, 1, 125, 126} {
				g.noteError("WriteControl", g.WriteControl(op, []byte(long[:n]), later()))
			}
			g.noteError("without a deadline", g.WriteControl(op, []byte("p"), time.Time{}))
			g.noteError("too late", g.WriteControl(op, nil, past()))
		}
		for _, op := range []int{websocket.TextMessage, websocket.BinaryMessage, 0, 7} {
			g.noteError("no control type", g.WriteControl(op, nil, later()))
		}
		g.noteError("Close", g.WriteControl(websocket.CloseMessage, g.format(4321, "x"), time.Time{}))
		g.noteError("Close", g.WriteControl(websocket.CloseMessage, g.format(4321, "x"), later()))
		g.noteError("Ping", g.WriteControl(websocket.PingMessage, nil, later()))
		g.noteError("message", g.WriteMessage(websocket.TextMessage, nil))
	}},
	{name: "concurrent control frames", both: true, wire: inAnyOrder, peer: silent, play: func(g *gorillaPlay) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 20 {
					g.noteError("Ping", g.WriteControl(websocket.PingMessage, []byte("concurrent"), later()))
				}
			})
		}
		wg.Go(func() {
			for range 3 {
				w, _ := g.NextWriter(websocket.TextMessage)
				for range 10 {
					io.WriteString(w, long[:400])
				}
				g.noteError("Close", w.Close())
			}
		})
		wg.Wait()
		clear(g.notes)
	}},
	{name: "errors of Close", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, code := range []int{0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 4999, 65535} {
			err := g.closeError(code, "text")
			g.note("%v; %v; %q %v", err, g.closeError(code, ""), g.format(code, "text"), g.format(code, "") == nil)
			g.note("%v %v %v", g.isClose(err), g.isClose(err, 1000), g.isClose(err, 1001, code))
			g.note("%v %v %v", g.isUnexpected(err), g.isUnexpected(err, 1000), g.isUnexpected(err, 1001, code))
		}
		for _, err := range []error{nil, io.EOF, fmt.Errorf("wrapped: %w", g.closeError(1000, ""))} {
			g.note("%v %v", g.isClose(err, 1000), g.isUnexpected(err, 1001))
		}
	}},
}

// deadlineScripts are about deadlines, and about calls that block.
var deadlineScripts = []gorillaScript{
	{name: "a read deadline", both: true, peer: silent, play: func(g *gorillaPlay) {
		g.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		for range 2 {
			_, _, err := g.ReadMessage()
			g.noteError("ReadMessage", err)
		}
		g.noteError("write", g.WriteMessage(websocket.TextMessage, []byte("still")))
	}},
	{name: "a read deadline inside a message", both: true, peer: func(p *gorillaPeer) { p.send(false, codec.OpText, "half") }, play: func(g *gorillaPlay) {
		_, r, err := g.NextReader()
		g.noteError("NextReader", err)
		io.ReadFull(r, make([]byte, 4))
		g.SetReadDeadline(past())
		n, err := r.Read(make([]byte, 10))
		g.note("%d %s", n, g.seen(err))
		g.SetReadDeadline(later())
		n, err = r.Read(make([]byte, 10))
		g.note("%d %s", n, g.seen(err))
		g.readAll()
	}},
	{name: "a read deadline that is moved while a read blocks", both: true, peer: silent, play: func(g *gorillaPlay) {
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			time.Sleep(5 * time.Millisecond)
			g.SetReadDeadline(time.Now().Add(2 * patience))
			g.SetReadDeadline(past())
		}()
		g.readAll()
		<-moved
	}},
	{name: "a read deadline that is moved away", both: true, peer: func(p *gorillaPeer) {
		p.await()
		p.send(true, codec.OpText, "in time")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		g.SetReadDeadline(past())
		g.SetReadDeadline(later())
		go func() {
			g.SetReadDeadline(time.Time{})
			g.turn()
		}()
		g.readAll()
	}},
	{name: "a write deadline", both: true, deaf: true, peer: silent, play: func(g *gorillaPlay) {
		g.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
		g.noteError("write", writeUntilFull(g))
		g.SetWriteDeadline(time.Time{})
		g.noteError("write", g.WriteMessage(websocket.TextMessage, nil))
		_, err := g.NextWriter(websocket.TextMessage)
		g.noteError("NextWriter", err)
		g.noteError("Ping", g.WriteControl(websocket.PingMessage, nil, later()))
	}},
	{name: "a write deadline that has passed", both: true, deaf: true, peer: silent, play: func(g *gorillaPlay) {
		g.SetWriteDeadline(past())
		g.noteError("write", g.WriteMessage(websocket.TextMessage, nil))
		g.SetWriteDeadline(later())
		g.noteError("write", g.WriteMessage(websocket.TextMessage, nil))
	}},
	{name: "a write deadline that is moved while a write blocks", deaf: true, peer: readByte, play: func(g *gorillaPlay) {
		g.SetWriteDeadline(later())
		go func() {
			g.await()
			g.NetConn().SetWriteDeadline(past())
		}()
		g.noteError("write", writeUntilFull(g))
	}},
	{name: "WriteControl while a write blocks", deaf: true, peer: func(p *gorillaPeer) {
		readByte(p)
		p.await()
		io.Copy(io.Discard, p.br)
	}, play: func(g *gorillaPlay) {
		written := make(chan error)
		go func() { written <- writeUntilFull(g) }()
		g.await()
		g.noteError("Ping", g.WriteControl(websocket.PingMessage, nil, time.Now().Add(5*time.Millisecond)))
		g.noteError("Close", g.WriteControl(websocket.CloseMessage, nil, time.Now().Add(5*time.Millisecond)))
		g.turn()
		g.noteError("write", <-written)
		g.noteError("Ping", g.WriteControl(websocket.PingMessage, nil, later()))
	}},
	{name: "Close while a write blocks", both: true, deaf: true, peer: readByte, play: func(g *gorillaPlay) {
		go func() {
			g.await()
			g.abort()
		}()
		g.noteError("write", writeUntilFull(g))
		g.noteError("write", g.WriteMessage(websocket.TextMessage, nil))
	}},
}

// writeUntilFull writes more than fits into the buffers of the system.
func writeUntilFull(g *gorillaPlay) error {
	return g.WriteMessage(websocket.BinaryMessage, make([]byte, 16<<20))
}

// readByte is a peer that reads one byte of what writeUntilFull sends.
func readByte(p *gorillaPeer) {
	p.br.ReadByte()
	p.turn()
}
