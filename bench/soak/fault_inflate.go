package main

import (
	"sync"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// inflateFaults are compressed messages that are too much, or none.
var inflateFaults = []fault{
	{"inflate: a bomb of 1 GiB", bombs(0, gibibyte)},
	{"inflate: a bomb of 1 GiB in fragments", bombs(1000, gibibyte)},
	{"inflate: a byte above the limit", bombs(0, func() []byte { return wstest.Bomb(largest + 1) })},
	{"inflate: blocks of nothing, without end", bombs(0, func() []byte { return wstest.EmptyBlocks(largest / 4) })},
	{"inflate: zeros at the limit", func(a *attack) error {
		l, err := a.greet(a.squeezed(takeover))
		if err != nil {
			return err
		}
		m := message{websocket.OpBinary, make([]byte, largest)}
		return l.echo(m, wstest.CompressedFrames(m.op, wstest.Bomb(largest), 0)...)
	}},
	{"inflate: compression that is right, and odd", vectors(func(code websocket.StatusCode) bool { return code == 0 })},
	{"inflate: what is no compression", vectors(func(code websocket.StatusCode) bool { return code == websocket.StatusInvalidPayload })},
	{"inflate: RSV1 where it has no meaning", vectors(func(code websocket.StatusCode) bool { return code == websocket.StatusProtocolError })},
}

// gibibyte is a bomb of that.
var gibibyte = sync.OnceValue(func() []byte { return wstest.Bomb(1 << 30) })

// bombs sends what inflates to more than the server takes, in fragments of so many bytes
// if it is not 0.
func bombs(size int, payload func() []byte) func(a *attack) error {
	return func(a *attack) error {
		l, err := a.greet(a.squeezed([]string{takeover, noTakeover}[a.r.IntN(2)]))
		if err != nil {
			return err
		}
		return a.fails(l, websocket.StatusMessageTooBig, wstest.CompressedFrames(websocket.OpBinary, payload(), size)...)
	}
}

// vectors sends one of the conformance suite's vectors that end with such a code, as a
// whole or in fragments.
func vectors(which func(code websocket.StatusCode) bool) func(a *attack) error {
	var some []wstest.DeflateVector
	for _, v := range wstest.DeflateVectors {
		if which(v.Code) {
			some = append(some, v)
		}
	}
	return func(a *attack) error {
		v := some[a.r.IntN(len(some))]
		offer := takeover
		if v.NoTakeover {
			offer = noTakeover
		}
		l, err := a.greet(a.squeezed(offer))
		if err != nil {
			return err
		}
		behind := unheard
		if v.Code == 0 {
			behind = "behind"
		}
		frames := append(v.Split([]int{largest, 1000, 5}[a.r.IntN(3)]), wstest.Text(behind))
		go l.write(frames...)
		for _, e := range v.Want {
			if e.Opcode == codec.OpPing {
				continue // its Pong is not a message
			}
			if err := l.want(message{e.Opcode, e.Payload}); err != nil {
				return err
			}
		}
		if v.Code == 0 {
			return l.want(message{websocket.OpText, []byte(behind)})
		}
		return a.closes(l, v.Code)
	}
}
