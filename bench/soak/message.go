package main

import (
	"math"
	"math/rand/v2"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// message is what an honest client sends, and has to get back.
type message struct {
	op      websocket.Opcode
	payload []byte
}

// compose makes a message.
type compose func(r *rand.Rand) message

// text is text of so many characters, of every length in bytes.
func text(n int) compose {
	return func(r *rand.Rand) message {
		return message{websocket.OpText, wstest.JSON.Message(r.IntN(1<<20), n)}
	}
}

// noise holds the bytes of all binary messages: every offset makes another one.
var noise = func() []byte {
	b := make([]byte, 2*largest)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

// random is n random bytes.
func random(n int) compose {
	return func(r *rand.Rand) message {
		at := r.IntN(len(noise) - n)
		return message{websocket.OpBinary, noise[at : at+n]}
	}
}

// mixed is text or random bytes, of up to most bytes: short ones are as frequent as
// long ones.
func mixed(most int) compose {
	return func(r *rand.Rand) message {
		n := int(math.Exp(r.Float64()*math.Log(float64(most)+1))) - 1
		if r.IntN(2) == 0 {
			return random(n)(r)
		}
		return text(n / 4)(r) // of four bytes each, at most
	}
}

// dress makes the frames of a message.
type dress func(l *link, m message) []wstest.Frame

// whole is a message in one frame.
func whole(_ *link, m message) []wstest.Frame {
	return []wstest.Frame{{Fin: true, Opcode: m.op, Payload: m.payload}}
}

// fragments is a message in up to eight frames, of which some may be empty, with a
// Ping between two of them now and then.
func fragments(l *link, m message) (frames []wstest.Frame) {
	n := 1 + l.r.IntN(8)
	for rest := m.payload; len(frames) < n; {
		k := len(rest)
		if len(frames) < n-1 {
			k = l.r.IntN(len(rest) + 1)
		}
		frames = append(frames, wstest.Frame{Payload: rest[:k]})
		rest = rest[k:]
	}
	frames[0].Opcode, frames[n-1].Fin = m.op, true
	if n > 1 && l.r.IntN(16) == 0 {
		at := 1 + l.r.IntN(n-1)
		frames = append(frames[:at:at], append([]wstest.Frame{wstest.Ping("between")}, frames[at:]...)...)
	}
	return frames
}

// compressed is a message compressed, most often, in one frame or in several.
func compressed(l *link, m message) []wstest.Frame {
	switch l.r.IntN(8) {
	case 0:
		return whole(l, m)
	case 1:
		packed := l.pack.Message(m.payload)
		return wstest.CompressedFrames(m.op, packed, 1+l.r.IntN(len(packed)+1))
	}
	return wstest.CompressedFrames(m.op, l.pack.Message(m.payload), 0)
}

// newRand is a source for a goroutine of its own.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
