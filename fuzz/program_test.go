package fuzz

import (
	"bytes"
	"strings"

	"github.com/zerowire/websocket"
)

// program is what an application does with a Conn, as the fuzzer makes it up: each
// call takes its arguments off the front. Behind the end all bytes are 0.
type program struct {
	code []byte
	room int // bytes of payload that may still be asked for
}

func (p *program) done() bool { return len(p.code) == 0 }

func (p *program) byte() byte {
	b := p.bytes(1)
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (p *program) bytes(n int) []byte {
	n = min(n, len(p.code))
	b := p.code[:n:n]
	p.code = p.code[n:]
	return b
}

// payload returns a message: a few bytes as they stand there, or those many times.
func (p *program) payload() []byte {
	b := p.bytes(int(p.byte() % 64))
	switch more := int(p.byte()); {
	case more == 0xFF:
		b = bytes.Repeat(b, 1100) // above 64 KiB, if b is long
	case more >= 0x80:
		b = bytes.Repeat(b, 4*(more-0x7F))
	}
	b = b[:min(len(b), p.room, largeLimit)]
	p.room -= len(b)
	return bytes.Clone(b)
}

// message returns a message and its type: text is UTF-8.
func (p *program) message() (websocket.Opcode, []byte) {
	if p.byte()%2 == 0 {
		return websocket.OpBinary, p.payload()
	}
	return websocket.OpText, []byte(strings.ToValidUTF8(string(p.payload()), "?"))
}

// pieces cuts b as the program says.
func (p *program) pieces(b []byte) (pieces [][]byte) {
	for len(b) > 0 && !p.done() {
		n := min(len(b), int(p.byte())*int(p.byte()))
		pieces = append(pieces, b[:n])
		b = b[n:]
	}
	return append(pieces, b)
}
