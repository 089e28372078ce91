package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// floodFaults are much of what costs a peer little.
var floodFaults = []fault{
	{"flood: Pings", floods(websocket.StatusPolicyViolation, wstest.Ping("x"), 5000)},
	{"flood: Pongs", floods(websocket.StatusPolicyViolation, wstest.Pong(""), 5000)},
	{"flood: Pings inside a message", floods(websocket.StatusPolicyViolation, wstest.Ping(""), 2000, wstest.Text("begun").More())},
	{"flood: empty messages", func(a *attack) error { return a.manyMessages(5000, "") }},
	{"flood: messages of a byte", func(a *attack) error { return a.manyMessages(5000, "x") }},
	{"flood: empty fragments", func(a *attack) error { return a.manyFragments(20_000, "") }},
	{"flood: fragments of a byte", func(a *attack) error { return a.manyFragments(20_000, "x") }},
	{"flood: fragments without end", func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		piece := wstest.Frame{Payload: noise[:1000]}
		frames := append([]wstest.Frame{wstest.Binary(nil).More()}, slices.Repeat([]wstest.Frame{piece}, largest/1000+1)...)
		return a.fails(l, websocket.StatusMessageTooBig, frames...)
	}},
	{"flood: a length of 2^62", func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		return a.fails(l, websocket.StatusMessageTooBig, wstest.Frame{Fin: true, Opcode: websocket.OpBinary, Lie: 1 << 62})
	}},
	{"flood: header lines", refuses(http.StatusRequestHeaderFieldsTooLarge, head("GET /events HTTP/1.1", slices.Repeat([]string{"X-Flood: x"}, 300)...))},
	{"flood: a header line without end", refuses(http.StatusRequestHeaderFieldsTooLarge, "GET /events HTTP/1.1\r\nX-Flood: "+strings.Repeat("x", 2<<20))},
	{"flood: connections", func(a *attack) error {
		links := make(chan error)
		const n = 20
		for range n {
			d, r := a.form(), a.r.Uint64()
			go func() {
				l, err := connect(background, a.g, d, newRand(r), a.limit+a.timeout)
				if err == nil {
					defer l.nc.Close()
					err = l.echo(message{websocket.OpText, []byte("x")}, wstest.Text("x"))
				}
				links <- err
			}()
		}
		var err error
		for range n {
			if e := <-links; err == nil {
				err = e
			}
		}
		return err
	}},
}

// floods sends a control frame n times, behind what comes first.
func floods(code websocket.StatusCode, f wstest.Frame, n int, first ...wstest.Frame) func(a *attack) error {
	return func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		return a.fails(l, code, append(slices.Clip(first), slices.Repeat([]wstest.Frame{f}, n)...)...)
	}
}

// manyMessages sends n messages at once, and wants all of them back.
func (a *attack) manyMessages(n int, s string) error {
	l, err := a.greet(a.form())
	if err != nil {
		return err
	}
	go l.write(slices.Repeat([]wstest.Frame{wstest.Text(s)}, n)...)
	for range n {
		if err := l.want(message{websocket.OpText, []byte(s)}); err != nil {
			return err
		}
	}
	return nil
}

// manyFragments sends a message in n fragments, and wants it back.
func (a *attack) manyFragments(n int, s string) error {
	l, err := a.greet(a.form())
	if err != nil {
		return err
	}
	frames := []wstest.Frame{wstest.Text("begin").More()}
	for range n {
		frames = append(frames, wstest.Continuation(s).More())
	}
	frames = append(frames, wstest.Frame{Fin: true, Opcode: codec.OpContinuation, Payload: []byte("end")})
	return l.echo(message{websocket.OpText, []byte("begin" + strings.Repeat(s, n) + "end")}, frames...)
}

// wantSilence wants the end of an opening handshake that was not finished, without a
// word, and not before the limit.
func wantSilence(nc net.Conn, start time.Time, limit time.Duration) error {
	var b bytes.Buffer
	_, err := b.ReadFrom(nc)
	switch {
	case err != nil && !isEnd(err):
		return err
	case b.Len() > 0:
		return fmt.Errorf("a handshake that is not finished is answered with %q", b.Bytes())
	}
	return since(start, limit)
}
