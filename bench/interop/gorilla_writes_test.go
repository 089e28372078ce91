package interop

import (
	"io"
	"math"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// silent is a peer that sends nothing.
func silent(*gorillaPeer) {}

// writeScripts are about sending messages.
var writeScripts = []gorillaScript{
	{name: "WriteMessage and NextWriter", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, n := range []int{0, 1, 125, 126, differentialBuffer, differentialBuffer + 1, 2 * differentialBuffer, 2000, len(long)} {
			g.noteError("WriteMessage", g.WriteMessage(websocket.BinaryMessage, []byte(long[:n])))
			w, err := g.NextWriter(websocket.TextMessage)
			g.noteError("NextWriter", err)
			for _, p := range []string{long[:n], long[:n/2]} {
				n, err := io.WriteString(w, p)
				g.note("WriteString %d %s", n, g.seen(err))
			}
			g.note("Close %s %s", g.seen(w.Close()), g.seen(w.Close()))
			n, err := w.Write([]byte("late"))
			g.note("Write %d %s", n, g.seen(err))
		}
		g.noteError("no type", g.WriteMessage(7, nil))
		_, err := g.NextWriter(-1)
		g.noteError("no type", err)
	}},
	{name: "Write", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, sizes := range [][]int{{0}, {1, 1, 1}, {differentialBuffer, 1}, {differentialBuffer + 1}, {600, 600}, {5, 2000, 5}, {1024}, {1052}, {1053}} {
			w, err := g.NextWriter(websocket.BinaryMessage)
			g.noteError("NextWriter", err)
			for _, size := range sizes {
				n, err := w.Write([]byte(long[:size]))
				g.note("Write %d %s", n, g.seen(err))
			}
			g.noteError("Close", w.Close())
		}
	}},
	{name: "ReadFrom", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, n := range []int{0, 1, differentialBuffer, differentialBuffer + 1, 5000} {
			w, err := g.NextWriter(websocket.TextMessage)
			g.noteError("NextWriter", err)
			io.WriteString(w, "begin ")
			copied, err := io.Copy(w, strings.NewReader(long[:n]))
			g.note("Copy %d %s", copied, g.seen(err))
			copied, err = io.Copy(w, io.LimitReader(strings.NewReader(long), int64(n)))
			g.note("Copy %d %s", copied, g.seen(err))
			g.noteError("Close", w.Close())
		}
	}},
	{name: "an echo by Copy", both: true, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "short")
		p.send(true, codec.OpBinary, long)
		p.send(false, codec.OpText, long[:700])
		p.send(false, codec.OpContinuation, "")
		p.send(true, codec.OpContinuation, long[:900])
		p.send(true, codec.OpText, "")
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		for {
			op, r, err := g.NextReader()
			g.noteError("NextReader", err)
			if err != nil {
				return
			}
			w, err := g.NextWriter(op)
			g.noteError("NextWriter", err)
			n, err := io.Copy(w, r)
			g.note("Copy %d %s", n, g.seen(err))
			g.noteError("Close", w.Close())
		}
	}},
	{name: "a frame goes out when it is full", both: true, deaf: true, peer: func(p *gorillaPeer) {
		io.ReadFull(p.br, make([]byte, differentialBuffer))
		p.send(true, codec.OpText, "full")
	}, play: func(g *gorillaPlay) {
		w, _ := g.NextWriter(websocket.TextMessage)
		io.WriteString(w, long[:differentialBuffer+1])
		_, p, err := g.ReadMessage()
		g.note("%q %s", p, g.seen(err))
	}},
	{name: "a writer that is left open", both: true, peer: silent, play: func(g *gorillaPlay) {
		first, _ := g.NextWriter(websocket.TextMessage)
		io.WriteString(first, "first")
		second, err := g.NextWriter(websocket.BinaryMessage)
		g.noteError("NextWriter", err)
		_, err = io.WriteString(first, "late")
		g.noteError("write to the first", err)
		io.WriteString(second, "second")
		g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte("third")))
		g.noteError("Close of the second", second.Close())
		_, err = g.NextWriter(websocket.TextMessage)
		g.noteError("NextWriter", err)
		g.noteError("WriteJSON", g.WriteJSON("fourth"))
	}},
	{name: "control frames inside a message", both: true, peer: silent, play: func(g *gorillaPlay) {
		w, _ := g.NextWriter(websocket.TextMessage)
		for range 3 {
			io.WriteString(w, long[:400])
			g.noteError("Ping", g.WriteControl(websocket.PingMessage, []byte("between"), later()))
		}
		g.noteError("Close frame", g.WriteControl(websocket.CloseMessage, g.format(1000, ""), later()))
		_, err := io.WriteString(w, long)
		g.noteError("write", err)
		g.noteError("Close", w.Close())
		_, err = g.NextWriter(websocket.TextMessage)
		g.noteError("NextWriter", err)
	}},
	{name: "control frames by NextWriter", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, n := range []int{0, 125, 126, 600} {
			w, err := g.NextWriter(websocket.PingMessage)
			g.noteError("NextWriter", err)
			_, err = w.Write([]byte(long[:n]))
			g.noteError("Write", err)
			g.noteError("Close", w.Close())
			g.noteError("WriteMessage", g.WriteMessage(websocket.PongMessage, []byte(long[:n])))
		}
		g.noteError("WriteMessage", g.WriteMessage(websocket.CloseMessage, nil))
		g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, nil))
	}},
	{name: "WriteJSON", both: true, peer: silent, play: func(g *gorillaPlay) {
		for _, v := range []any{nil, "a<b>€\x00", []int{}, map[string]any{"b": 1.5, "a": []byte("x")}, struct{ A int }{}} {
			g.noteError("WriteJSON", g.WriteJSON(v))
		}
	}},
	{name: "long WriteJSON of a client", role: codec.Client, peer: silent, play: func(g *gorillaPlay) { g.WriteJSON(long) }},
	{name: "long WriteJSON of a server", peer: silent, play: func(g *gorillaPlay) { g.WriteJSON(long) },
		differs: "A server sends a message of [Conn.WriteJSON], and a compressed message, as one frame"},
	{name: "WriteJSON of what has no JSON", both: true, peer: silent, play: func(g *gorillaPlay) {
		err := g.WriteJSON(math.NaN())
		g.note("%T", err)
	}, differs: "[Conn.WriteJSON] sends nothing if the value cannot be encoded"},
	{name: "prepared messages", both: true, peer: silent, play: writePrepared},
	{name: "a long prepared message of a server", peer: silent, play: writeLongPrepared},
	{name: "a long prepared message of a client", role: codec.Client, peer: silent, play: writeLongPrepared,
		differs: "A client sends a [PreparedMessage] in frames of WriteBufferSize"},
}

func writeLongPrepared(g *gorillaPlay) {
	send, err := g.prepare(websocket.TextMessage, []byte(strings.Repeat(long, 7)))
	g.noteError("NewPreparedMessage", err)
	g.noteError("WritePreparedMessage", send(g.gorillaConn))
}

func writePrepared(g *gorillaPlay) {
	for _, op := range []int{websocket.TextMessage, websocket.BinaryMessage, websocket.PingMessage, websocket.PongMessage, 7} {
		for _, n := range []int{0, 125, 126, 512} {
			p := []byte(strings.Repeat("0123456789", n/10+1)[:n])
			send, err := g.prepare(op, p)
			g.note("NewPreparedMessage %d %d %s", op, n, g.seen(err))
			if err != nil {
				continue
			}
			clear(p) // a prepared message is a copy
			g.note("WritePreparedMessage %s %s", g.seen(send(g.gorillaConn)), g.seen(send(g.gorillaConn)))
		}
	}
	send, err := g.prepare(websocket.CloseMessage, g.format(1000, "end"))
	g.note("Close: %s %s %s", g.seen(err), g.seen(send(g.gorillaConn)), g.seen(send(g.gorillaConn)))
}
