package main

import (
	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// resetFaults are connections that the network ends at the worst of times.
var resetFaults = []fault{
	{"reset: inside a header", resets("", func(l *link) []byte { return l.wire(wstest.Binary(noise[:300]))[:3] })},
	{"reset: inside a payload", resets("", func(l *link) []byte {
		wire := l.wire(wstest.Binary(noise[:largest]))
		return wire[:20+l.r.IntN(len(wire)-20)]
	})},
	{"reset: between fragments", resets("", func(l *link) []byte { return l.wire(wstest.Binary(noise[:70_000]).More()) })},
	{"reset: inside a compressed message", resets(takeover, func(l *link) []byte {
		wire := l.wire(wstest.CompressedFrames(websocket.OpText, l.pack.Message(text(30_000)(l.r).payload), 1000)...)
		return wire[:20+l.r.IntN(len(wire)-20)]
	})},
	{"reset: inside the opening handshake", func(a *attack) error {
		nc, err := call(background, a.g.at.Plain, a.timeout)
		if err != nil {
			return err
		}
		defer nc.Close()
		nc.SetLinger(0)
		request := door{path: events}.request(0)
		_, err = nc.Write(request[:a.r.IntN(len(request))])
		return err
	}},
	{"reset: behind a Close frame", resets("", func(l *link) []byte { return l.wire(wstest.Frame{Fin: true, Opcode: codec.OpClose}) })},
	{"reset: while the server sends", func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		go l.write(wstest.Binary(noise[:largest]), wstest.Binary(noise[:largest]))
		if _, err := l.in.Peek(2000); err != nil {
			return err
		}
		return a.reset(l)
	}},
	{"reset: one half closed inside a frame", func(a *attack) error {
		l, err := a.begin("", func(l *link) []byte { return l.wire(wstest.Text("Hello"))[:7] })
		if err != nil {
			return err
		}
		if err := l.tcp.CloseWrite(); err != nil {
			return err
		}
		if err := l.wantEnd(); err != nil {
			return err
		}
		return a.saw(l, websocket.StatusCode(1006))
	}},
}

// resets sends the beginning of something, and then TCP's reset.
func resets(offer string, begin func(l *link) []byte) func(a *attack) error {
	return func(a *attack) error {
		l, err := a.begin(offer, begin)
		if err != nil {
			return err
		}
		return a.reset(l)
	}
}

// reset ends a connection with TCP's reset, or one that the server has closed: it has to
// let go of it.
func (a *attack) reset(l *link) error {
	l.tcp.SetLinger(0)
	l.tcp.Close()
	_, err := a.ending(l)
	return err
}
