package interop

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"github.com/zerowire/websocket/codec"
)

// deflateScripts are about permessage-deflate (RFC 7692). Two compressors need not produce the
// same bytes: messages are compared inflated.
var deflateScripts = []gorillaScript{
	{name: "compressed messages, received", both: true, deflate: true, wire: asMessages, peer: func(p *gorillaPeer) {
		p.send(true, codec.OpText, "not compressed")
		p.sendDeflated(codec.OpText, deflated("compressed"))
		p.sendDeflated(codec.OpBinary, deflated(long))
		p.sendDeflated(codec.OpText, "\x00")                                  // an empty block
		p.sendDeflated(codec.OpText, deflated("ab")[:2], deflated("ab")[2:])  // in two frames
		p.sendDeflated(codec.OpText, "", deflated("c"), "")                   // with empty frames
		p.sendDeflated(codec.OpText, deflated("d")+"\x00\x00\xFF\xFF\x00")    // flushed twice
		p.sendDeflated(codec.OpText, strings.Split(deflated(long), "")[:]...) // in frames of a byte
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: (*gorillaPlay).readAll},
	{name: "control frames inside a compressed message", both: true, deflate: true, wire: asMessages, peer: func(p *gorillaPeer) {
		parts := deflated("control frames are not compressed")
		p.frame(codec.Header{Opcode: codec.OpText, RSV: codec.RSV1}, parts[:5])
		p.send(true, codec.OpPing, "1")
		p.send(false, codec.OpContinuation, parts[5:9])
		p.send(true, codec.OpPong, "2")
		p.send(true, codec.OpPing, "3")
		p.send(true, codec.OpContinuation, parts[9:])
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: (*gorillaPlay).readAll},
	{name: "a skipped compressed message", both: true, deflate: true, wire: asMessages, peer: func(p *gorillaPeer) {
		for range 3 {
			p.sendDeflated(codec.OpText, deflated(long))
		}
		p.send(true, codec.OpClose, "\x03\xE8")
	}, play: func(g *gorillaPlay) {
		for n := range 3 {
			op, r, err := g.NextReader()
			g.note("NextReader %d %s", op, g.seen(err))
			got, err := io.ReadFull(r, make([]byte, n*4000))
			g.note("%d %s", got, g.seen(err))
		}
		g.readAll()
	}},
	{name: "the limit of a compressed message", both: true, deflate: true, wire: asMessages, peer: func(p *gorillaPeer) {
		p.sendDeflated(codec.OpText, deflated(long))
		p.send(true, codec.OpText, long[:501])
	}, play: func(g *gorillaPlay) {
		g.SetReadLimit(500)
		g.readAll()
	}, differs: "[Conn.SetReadLimit] also limits the inflated size of a compressed message"},
	{name: "compressed messages, sent", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		for _, n := range []int{200, 512, 513, 2000, len(long)} {
			g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long[:n])))
			g.noteError("WriteJSON", g.WriteJSON(long[:n]))
			w, err := g.NextWriter(websocket.BinaryMessage)
			g.noteError("NextWriter", err)
			for part := range slices.Chunk([]byte(long[:n]), 100) {
				m, err := w.Write(part)
				g.note("Write %d %s", m, g.seen(err))
			}
			copied, err := io.Copy(w, strings.NewReader(long))
			g.note("Copy %d %s", copied, g.seen(err))
			g.noteError("Ping", g.WriteControl(websocket.PingMessage, []byte("inside"), later()))
			g.noteError("Close", w.Close())
		}
	}},
	{name: "long compressed messages, sent", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		p := noise(100_000)
		w, err := g.NextWriter(websocket.BinaryMessage)
		g.noteError("NextWriter", err)
		for range 3 {
			w.Write(p[:70_000])
			io.WriteString(w, long)
		}
		g.note("Close %s %s", g.seen(w.Close()), errorOrNil(w.Close()))
		n, err := w.Write(p)
		g.note("Write %d %s", n, g.seen(err))
	}},
	{name: "compression switched", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		for _, on := range []bool{false, true, false} {
			g.EnableWriteCompression(on)
			g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long)))
			w, _ := g.NextWriter(websocket.TextMessage)
			g.EnableWriteCompression(!on) // for the next message
			io.WriteString(w, long)
			g.noteError("Close", w.Close())
			send, err := g.prepare(websocket.TextMessage, []byte(long))
			g.note("prepared %s %s", g.seen(err), g.seen(send(g.gorillaConn)))
		}
	}},
	{name: "compression levels", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		send, err := g.prepare(websocket.BinaryMessage, []byte(long))
		g.noteError("NewPreparedMessage", err)
		for level := -3; level <= 10; level++ {
			g.note("level %d: %s", level, g.seen(g.SetCompressionLevel(level)))
			if level != 0 {
				g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long)))
				g.noteError("WritePreparedMessage", send(g.gorillaConn))
			}
		}
	}},
	{name: "compression level 0", deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		g.noteError("level", g.SetCompressionLevel(0))
		g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long)))
	}, differs: "A message that compression does not make smaller is sent uncompressed"},
	{name: "a message that compression makes larger", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		g.noteError("WriteMessage", g.WriteMessage(websocket.BinaryMessage, noise(300)))
		g.noteError("WriteMessage", g.WriteMessage(websocket.BinaryMessage, nil))
	}, differs: "A message that compression does not make smaller is sent uncompressed"},
	{name: "frames of a compressed message", deflate: true, peer: silent, play: func(g *gorillaPlay) {
		g.noteError("WriteMessage", g.WriteMessage(websocket.BinaryMessage, []byte(fmt.Sprintf("%x", noise(2000)))))
	}, differs: "A server sends a message of [Conn.WriteJSON], and a compressed message, as one frame"},
	{name: "prepared messages, compressed", both: true, deflate: true, wire: asMessages, peer: silent, play: func(g *gorillaPlay) {
		for _, op := range []int{websocket.TextMessage, websocket.BinaryMessage} {
			p := []byte(long[:300])
			send, err := g.prepare(op, p)
			g.noteError("NewPreparedMessage", err)
			clear(p)
			for range 2 {
				g.noteError("WritePreparedMessage", send(g.gorillaConn))
			}
		}
	}},
	{name: "not DEFLATE", both: true, deflate: true, wire: asMessages, peer: func(p *gorillaPeer) {
		p.sendDeflated(codec.OpText, "\xFF\xFF\xFF")
	}, play: (*gorillaPlay).readAll, differs: "a compressed message that is not DEFLATE"},
	{name: "RSV1 on a continuation, compressed", both: true, deflate: true, peer: func(p *gorillaPeer) {
		p.send(false, codec.OpText, "a")
		p.frame(codec.Header{Fin: true, RSV: codec.RSV1}, "b")
		p.send(true, codec.OpClose, "")
	}, play: (*gorillaPlay).readAll, differs: "a reserved bit on a control frame or on a continuation"},
	{name: "RSV1 on a Ping, compressed", both: true, deflate: true, peer: func(p *gorillaPeer) {
		p.frame(codec.Header{Fin: true, Opcode: codec.OpPing, RSV: codec.RSV1}, "b")
		p.send(true, codec.OpClose, "")
	}, play: (*gorillaPlay).readAll, differs: "a reserved bit on a control frame or on a continuation"},
	{name: "the end inside a compressed message", both: true, deflate: true, peer: func(p *gorillaPeer) {
		p.frame(codec.Header{Opcode: codec.OpText, RSV: codec.RSV1}, deflated("half"))
		p.Close()
	}, play: func(g *gorillaPlay) {
		_, _, err := g.ReadMessage()
		g.noteError("ReadMessage", err)
		g.readAll()
	}},
	{name: "switches without compression", both: true, peer: silent, play: func(g *gorillaPlay) {
		g.EnableWriteCompression(true)
		g.noteError("level", g.SetCompressionLevel(9))
		g.noteError("level", g.SetCompressionLevel(-9))
		g.noteError("WriteMessage", g.WriteMessage(websocket.TextMessage, []byte(long)))
	}},
}

func errorOrNil(err error) string {
	if err == nil {
		return "nil"
	}
	return "error"
}

// noise returns n bytes that cannot be compressed, the same ones every time.
func noise(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

// deflated returns s compressed, as the payload of a message.
func deflated(s string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestSpeed)
	io.WriteString(w, s)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xFF\xFF")
}

// sendDeflated sends a compressed message in frames with these payloads.
func (p *gorillaPeer) sendDeflated(op codec.Opcode, parts ...string) {
	h := codec.Header{Opcode: op, RSV: codec.RSV1}
	for i, part := range parts {
		h.Fin = i == len(parts)-1
		p.frame(h, part)
		h.Opcode, h.RSV = codec.OpContinuation, 0
	}
}

// asMessages returns messages and, after them, control frames. It does not tell in which
// frames a message was sent.
func asMessages(frames []sentFrame) (messages []string) {
	var controls []string
	var begun sentFrame
	for _, f := range frames {
		if f.Opcode.IsControl() {
			controls = append(controls, f.String())
			continue
		}
		if f.Opcode != codec.OpContinuation {
			begun = sentFrame{Header: f.Header}
		}
		begun.payload = append(begun.payload, f.payload...)
		if f.Fin {
			messages = append(messages, begun.message())
		}
	}
	return append(messages, controls...)
}

// message describes a whole message. It shows the start of its inflated payload, and a sum of all
// of it.
func (f sentFrame) message() string {
	p, err := f.payload, error(nil)
	if f.RSV == codec.RSV1 {
		p, err = io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(p), strings.NewReader("\x00\x00\xFF\xFF\x01\x00\x00\xFF\xFF"))))
	}
	sum := uint64(0)
	for _, b := range p {
		sum = sum*31 + uint64(b)
	}
	return fmt.Sprintf("%v rsv %d %d %x %.20q %v", f.Opcode, f.RSV, len(p), sum, p, err)
}
