package wstest

import (
	"bufio"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/zerowire/websocket/codec"
)

// deflateFaults makes the compressing peer wrong in one way. The zero value is
// correct.
type deflateFaults struct {
	respond   func(offered, response *DeflateParams) // changes what a server says, or a client offers
	silent    bool                                   // does not say it, but does it
	keep      bool                                   // keeps its context where it may not
	window    int                                    // that it compresses with, whatever was agreed on
	forget    bool                                   // forgets the context of what it receives
	plain     bool                                   // compresses nothing
	change    func(payload []byte) []byte            // what becomes of a compressed payload
	event     func(Frame) []Frame                    // what becomes of a frame
	noTail    bool                                   // leaves the tail in place
	noUpgrade bool
}

// deflatePeer is an echo peer that compresses, in straight-line code, with
// compress/flate for reading.
type deflatePeer struct {
	conn   net.Conn
	in     *bufio.Reader
	role   codec.Role
	f      deflateFaults
	out    *Deflater
	window []byte // what was received, to refer to
	reset  bool   // between messages
}

func serveDeflate(conn net.Conn, role codec.Role, f deflateFaults) {
	defer conn.Close()
	p := &deflatePeer{conn: conn, in: bufio.NewReader(conn), role: role, f: f}
	agreed, err := p.handshake()
	if err != nil {
		return
	}
	theirs, ours := agreed.directions()
	if role == codec.Client {
		theirs, ours = ours, theirs
	}
	if f.window != 0 {
		ours.window = f.window
	}
	p.out = &Deflater{Window: ours.window, NoTakeover: ours.noTakeover && !f.keep}
	p.reset = theirs.noTakeover || f.forget
	p.echo()
	if role == codec.Server {
		conn.(interface{ CloseWrite() error }).CloseWrite()
	}
	io.Copy(io.Discard, p.in)
}

func (p *deflatePeer) handshake() (agreed DeflateParams, err error) {
	if p.role == codec.Client {
		offer := deflateAny
		if p.f.respond != nil {
			p.f.respond(nil, &offer)
		}
		line := "Sec-WebSocket-Extensions: " + offer.String() + "\r\n"
		if p.f.silent {
			line = ""
		}
		fmt.Fprintf(p.conn, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: eA==\r\n%s\r\n", line)
		response, err := http.ReadResponse(p.in, nil)
		if err != nil {
			return agreed, err
		}
		accepted, err := ParseDeflate(response.Header.Values("Sec-WebSocket-Extensions"))
		return append(accepted, agreed)[0], err
	}
	request, err := http.ReadRequest(p.in)
	if err != nil {
		return agreed, err
	}
	offers, err := ParseDeflate(request.Header.Values("Sec-WebSocket-Extensions"))
	if err != nil {
		return agreed, err
	}
	// As a server of the suite, it wants nothing and grants everything.
	agreed, _ = answerDeflate(offers[:1], []DeflateParams{{}})
	did := agreed
	if p.f.respond != nil {
		p.f.respond(&offers[0], &agreed)
	}
	if !p.f.silent {
		did = agreed
	}
	line := "Sec-WebSocket-Extensions: " + agreed.String() + "\r\n"
	if p.f.noUpgrade {
		line = ""
	}
	_, err = fmt.Fprintf(p.conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
		acceptKey(request.Header.Get("Sec-WebSocket-Key")), line)
	return did, err
}

func (p *deflatePeer) echo() {
	var op codec.Opcode
	var payload []byte
	var compressed bool
	for {
		f, _, err := ReadFrame(p.in)
		if err != nil {
			return
		}
		switch {
		case f.Opcode == codec.OpClose:
			p.send(f)
			return
		case f.Opcode.IsControl():
			continue
		case f.Opcode.IsData():
			op, payload, compressed = f.Opcode, nil, f.RSV&codec.RSV1 != 0
		}
		payload = append(payload, f.Payload...)
		if !f.Fin {
			continue
		}
		if compressed {
			if payload, err = p.inflate(payload); err != nil {
				p.send(Close(codec.StatusInvalidPayload, ""))
				return
			}
		}
		p.answer(op, payload)
	}
}

func (p *deflatePeer) inflate(payload []byte) ([]byte, error) {
	in := io.MultiReader(bytes.NewReader(payload), bytes.NewReader(DeflateTail), bytes.NewReader([]byte{1, 0, 0, 0xFF, 0xFF}))
	out, err := io.ReadAll(flate.NewReaderDict(in, p.window))
	p.window = append(p.window, out...)
	p.window = bytes.Clone(p.window[max(0, len(p.window)-1<<15):])
	if p.reset {
		p.window = nil
	}
	return out, err
}

func (p *deflatePeer) answer(op codec.Opcode, payload []byte) {
	if p.f.plain {
		p.send(Frame{Fin: true, Opcode: op, Payload: payload})
		return
	}
	compressed := p.out.Message(payload)
	if p.f.noTail {
		compressed = append(compressed, DeflateTail...)
	}
	if p.f.change != nil {
		compressed = p.f.change(compressed)
	}
	for _, f := range CompressedFrames(op, compressed, 1000) {
		p.send(f)
	}
}

func (p *deflatePeer) send(f Frame) {
	frames := []Frame{f}
	if p.f.event != nil {
		frames = p.f.event(f)
	}
	for _, f := range frames {
		if p.role == codec.Client {
			p.conn.Write(f.AppendMasked(nil, RFCKey))
		} else {
			p.conn.Write(f.Append(nil))
		}
	}
}
