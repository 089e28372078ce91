package interop

import (
	"encoding/binary"
	"fmt"

	"github.com/zerowire/websocket/codec"
)

// violationScripts are about peers that violate the protocol.
var violationScripts = append(closeCodeScripts(), []gorillaScript{
	violation("a reserved opcode", "", func(p *gorillaPeer) { p.send(true, 3, "") }),
	violation("a reserved control opcode", "", func(p *gorillaPeer) { p.send(true, 11, "") }),
	violation("a message inside another", "", func(p *gorillaPeer) { p.send(false, codec.OpText, "a"); p.send(true, codec.OpText, "b") }),
	violation("nothing to continue", "", func(p *gorillaPeer) { p.send(true, codec.OpContinuation, "a") }),
	violation("RSV1", "", func(p *gorillaPeer) { p.frame(codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV1}, "a") }),
	violation("RSV2", "", func(p *gorillaPeer) { p.frame(codec.Header{Fin: true, Opcode: codec.OpText, RSV: codec.RSV2}, "a") }),
	violation("RSV3", "", func(p *gorillaPeer) { p.frame(codec.Header{Fin: true, Opcode: codec.OpBinary, RSV: codec.RSV3}, "a") }),
	violation("RSV1 on a Ping", "", func(p *gorillaPeer) { p.frame(codec.Header{Fin: true, Opcode: codec.OpPing, RSV: codec.RSV1}, "a") }),
	violation("a Ping in fragments", "", func(p *gorillaPeer) { p.send(false, codec.OpPing, "a") }),
	violation("a Ping of 126 bytes", "", func(p *gorillaPeer) { p.send(true, codec.OpPing, long[:126]) }),
	violation("a Close frame of 126 bytes", "", func(p *gorillaPeer) { p.send(true, codec.OpClose, "\x03\xE8"+long[:124]) }),
	violation("the wrong mask", "", func(p *gorillaPeer) {
		p.Write(codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: codec.OpText, Masked: p.role == codec.Server}, []byte("a")))
	}),
	violation("a Close reason that is not UTF-8", "is answered with status 1007", func(p *gorillaPeer) { p.send(true, codec.OpClose, "\x03\xE8\xFF") }),
	violation("a Close frame of one byte", "a Close frame with a payload of one byte", func(p *gorillaPeer) { p.send(true, codec.OpClose, "\x03") }),
	violation("a length in more bytes than necessary", "a payload length that is not in its shortest form", func(p *gorillaPeer) {
		p.raw(codec.OpText, 126, 0, 1)
		p.Write([]byte("a"))
		p.send(true, codec.OpClose, "")
	}),
	violation("a length of 64 bits that is small", "a payload length that is not in its shortest form", func(p *gorillaPeer) {
		p.raw(codec.OpText, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF)
		p.Write(make([]byte, 0xFFFF))
		p.send(true, codec.OpClose, "")
	}),
	violation("a length of 64 bits that is negative", "or exceeds 63 bits", func(p *gorillaPeer) {
		p.raw(codec.OpText, 127, 0x80, 0, 0, 0, 0, 0, 0, 1)
	}),
	violation("RSV1 on a continuation", "", func(p *gorillaPeer) {
		p.send(false, codec.OpText, "a")
		p.frame(codec.Header{Fin: true, RSV: codec.RSV1}, "b")
	}),
	violation("text before a violation", "", func(p *gorillaPeer) {
		p.send(true, codec.OpText, "first")
		p.send(false, codec.OpText, "a")
		p.send(true, codec.OpText, "b")
		p.send(true, codec.OpText, "c")
	}),
}...)

// violation returns a script of a peer that violates the protocol.
func violation(name, differs string, peer func(*gorillaPeer)) gorillaScript {
	return gorillaScript{name: name, both: true, differs: differs, peer: peer, play: func(g *gorillaPlay) {
		g.readAll()
		_, _, err := g.NextReader()
		g.noteError("NextReader", err)
		g.noteError("write", g.WriteMessage(1, nil))
	}}
}

// raw sends the start of a frame with these length bytes, masked with the key 0 if the peer is
// a client.
func (p *gorillaPeer) raw(op codec.Opcode, length byte, extended ...byte) {
	b := []byte{0x80 | byte(op), length}
	b = append(b, extended...)
	if p.role == codec.Client {
		b[1] |= 0x80
		b = append(b, 0, 0, 0, 0)
	}
	p.Write(b)
}

// closeCodeScripts are about Close frames with different codes.
func closeCodeScripts() (scripts []gorillaScript) {
	for _, code := range []uint16{0, 999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1010, 1012, 1013, 1014, 1015, 1016, 2999, 3000, 4999, 5000} {
		scripts = append(scripts, gorillaScript{
			name: fmt.Sprintf("Close %d", code), both: code%5 == 0,
			peer: func(p *gorillaPeer) {
				p.send(true, codec.OpClose, string(binary.BigEndian.AppendUint16(nil, code))+"reason")
			},
			play: (*gorillaPlay).readAll,
		})
		if code == 1014 {
			scripts[len(scripts)-1].differs = "Status 1014 is accepted"
		}
	}
	return append(scripts, gorillaScript{
		name: "Close without a code", both: true,
		peer: func(p *gorillaPeer) { p.send(true, codec.OpClose, "") }, play: (*gorillaPlay).readAll,
	})
}
