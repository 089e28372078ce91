package interop

import (
	"io"
	"os"
	"strings"

	"github.com/zerowire/websocket/codec"
)

var long = strings.Repeat("0123456789", 1000)

// messageScripts are about reading.
var messageScripts = []gorillaScript{
	{name: "messages", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "")
		p.send(true, codec.OpBinary, "\x00\xFF")
		p.send(false, codec.OpText, "in ")
		p.send(true, codec.OpPing, "between")
		p.send(false, codec.OpContinuation, "")
		p.send(true, codec.OpContinuation, "parts")
		p.send(true, codec.OpText, long)
		p.send(true, codec.OpClose, "\x03\xE8bye")
	}, play: (*gorillaPlay).readAll},
	{name: "no Close", both: true, peer: func(p *gorillaPeer) { p.send(false, codec.OpText, "half"); p.Close() }, play: (*gorillaPlay).readAll},
	{name: "the end inside a frame", both: true, peer: func(p *gorillaPeer) {
		p.Write(codec.AppendHeader(nil, codec.Header{Fin: true, Opcode: codec.OpText, Length: 1000, Masked: p.role == codec.Client}))
		io.WriteString(p, "ten bytes.")
		p.Close()
	}, play: (*gorillaPlay).readAll},
	{name: "limit", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, long[:100])
		p.send(true, codec.OpText, long[:101])
	}, play: func(g *gorillaPlay) {
		g.SetReadLimit(100)
		g.readAll()
	}},
	{name: "limit over fragments", both: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, long[:60])
		p.send(true, codec.OpPing, long[:60])
		p.send(false, codec.OpContinuation, long[:40])
		p.send(true, codec.OpContinuation, long[:1])
	}, play: func(g *gorillaPlay) {
		g.SetReadLimit(100)
		g.readAll()
	}},
	{name: "limit set midway", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, long)
		p.send(false, codec.OpText, long[:100])
		p.await()
		p.send(false, codec.OpContinuation, long[:100])
		p.send(true, codec.OpContinuation, long[:100])
	}, play: func(g *gorillaPlay) {
		_, first, err := g.ReadMessage()
		g.note("%d %s", len(first), g.seen(err))
		_, r, err := g.NextReader()
		g.noteError("NextReader", err)
		n, err := io.ReadFull(r, make([]byte, 100))
		g.note("%d %s", n, g.seen(err))
		g.SetReadLimit(250)
		g.turn()
		rest, err := io.ReadAll(r)
		g.note("%d %s", len(rest), g.seen(err))
		g.readAll()
	}},
	{name: "limit removed midway", both: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, long[:100])
		p.await()
		p.send(true, codec.OpContinuation, long)
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		g.SetReadLimit(100)
		_, r, err := g.NextReader()
		g.noteError("NextReader", err)
		g.SetReadLimit(0)
		g.turn()
		all, err := io.ReadAll(r)
		g.note("%d %s", len(all), g.seen(err))
		g.readAll()
	}},
	{name: "limit below a huge frame", both: true, peer: func(p *gorillaPeer) {
		p.Write(codec.AppendHeader(nil, codec.Header{Fin: true, Opcode: codec.OpText, Length: 1 << 62, Masked: p.role == codec.Client}))
	}, play: func(g *gorillaPlay) {
		g.SetReadLimit(1 << 20)
		g.readAll()
	}},
	{name: "skipped messages", both: true, peer: func(p *gorillaPeer) {
		for range 3 {
			p.send(false, codec.OpText, long)
			p.send(true, codec.OpContinuation, long)
		}
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		for n := range 3 {
			op, r, err := g.NextReader()
			g.note("NextReader %d %s", op, g.seen(err))
			got, err := io.ReadFull(r, make([]byte, n*5000))
			g.note("%d %s", got, g.seen(err))
		}
		g.readAll()
	}},
	{name: "a reader of an earlier message", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "one")
		p.send(true, codec.OpText, "two")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		_, first, _ := g.NextReader()
		_, second, _ := g.NextReader()
		for range 2 {
			for _, r := range []io.Reader{first, second, first} {
				p, err := io.ReadAll(r)
				g.note("%q %s", p, g.seen(err))
				n, err := r.Read(make([]byte, 10))
				g.note("%d %s", n, g.seen(err))
			}
		}
		g.readAll()
		n, err := second.Read(make([]byte, 10))
		g.note("%d %s", n, g.seen(err))
	}},
	{name: "reads of one byte", both: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, "a")
		p.send(false, codec.OpContinuation, "")
		p.send(true, codec.OpContinuation, "bc")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		_, r, _ := g.NextReader()
		for range 5 {
			var b [1]byte
			n, err := r.Read(b[:])
			g.note("%d %q %s", n, b[:n], g.seen(err))
		}
		g.readAll()
	}},
	{name: "reading again after the end", both: true, peer: func(p *gorillaPeer) { p.send(true, codec.OpClose, "\x03\xE9") }, play: func(g *gorillaPlay) {
		calls := 0
		defer func() { g.note("%d calls, then a panic: %v", calls, recover() != nil) }()
		for range 2000 {
			_, _, err := g.ReadMessage()
			if calls++; calls < 3 {
				g.noteError("ReadMessage", err)
			}
		}
	}},
	{name: "ReadJSON", both: true, peer: func(p *gorillaPeer) {
		for _, s := range []string{`{"a":1}`, `{"a":2} {"a":3}`, ``, `{"a`, `[]`, "{\"a\":4}\n", `null`, ` `} {
			p.send(true, codec.OpText, s)
		}
		p.send(true, codec.OpBinary, `{"a":5}`)
		p.send(false, codec.OpText, `{"a"`)
		p.send(true, codec.OpPing, "")
		p.send(true, codec.OpContinuation, `:6}`)
		p.send(true, codec.OpClose, "")
	}, play: func(g *gorillaPlay) {
		for range 12 {
			var v struct{ A int }
			err := g.ReadJSON(&v)
			g.note("%d %T %v", v.A, err, err == io.ErrUnexpectedEOF)
			if g.isUnexpected(err) {
				return
			}
		}
	}},
	{name: "JoinMessages", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "a")
		p.send(true, codec.OpBinary, "")
		p.send(true, codec.OpText, "b")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		p, err := io.ReadAll(g.join(g.gorillaConn, "|"))
		g.note("%q %s", p, g.seen(err))
	}},
	{name: "the connection", both: true, peer: func(p *gorillaPeer) { p.send(true, codec.OpClose, "") }, play: func(g *gorillaPlay) {
		g.note("%T %v", g.NetConn(), g.NetConn() == g.UnderlyingConn())
		g.note("%v %v", g.LocalAddr() == g.NetConn().LocalAddr(), g.RemoteAddr().String() == g.NetConn().RemoteAddr().String())
		g.note("%q", g.Subprotocol())
		g.readAll()
	}},
	{name: "Close during a read", both: true, deaf: true, peer: func(p *gorillaPeer) {}, play: func(g *gorillaPlay) {
		read := make(chan struct{})
		go func() {
			defer close(read)
			g.readAll()
		}()
		g.Close()
		<-read
		g.noteError("write", g.WriteMessage(1, nil))
		g.noteError("control", g.WriteControl(9, nil, later()))
	}},
	{name: "UTF-8 in halves", both: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, "€"[:1])
		p.send(true, codec.OpContinuation, "€"[1:])
		p.send(true, codec.OpClose, "\x03\xE8€")
	}, play: (*gorillaPlay).readAll},
	{name: "Latin 1", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "\xE9t\xE9")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: (*gorillaPlay).readAll, differs: "text that is not UTF-8"},
	{name: "a message that ends while it is skipped", both: true, peer: func(p *gorillaPeer) {
		p.Write(codec.AppendHeader(nil, codec.Header{Fin: true, Opcode: codec.OpText, Length: 1000, Masked: p.role == codec.Client}))
		p.Close()
	}, play: func(g *gorillaPlay) {
		_, _, err := g.NextReader()
		g.noteError("NextReader", err)
		g.readAll()
	}, differs: "If a connection ends while a message is skipped, the error has status 1006, too."},
	{name: "a handler's error", both: true, peer: func(p *gorillaPeer) { p.send(true, codec.OpPing, "") }, play: func(g *gorillaPlay) {
		g.SetPingHandler(func(string) error { return os.ErrInvalid })
		for range 2 {
			_, _, err := g.ReadMessage()
			g.note("%v", err == os.ErrInvalid)
		}
	}},
}
