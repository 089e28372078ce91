package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// Content says what a payload is made of.
type Content uint8

// The contents.
const (
	ASCII  Content = iota // text, one byte a character
	CJK                   // text, three bytes a character
	Binary                // bytes that are mostly no text
	JSON                  // text, as programs exchange it
	Log                   // text, the lines of a log
)

func (c Content) opcode() codec.Opcode {
	if c == Binary {
		return codec.OpBinary
	}
	return codec.OpText
}

// Payload returns about size bytes of content c: for CJK the next smaller
// multiple of three. The same seed gives the same bytes.
func Payload(c Content, size int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, uint64(size)))
	p := make([]byte, 0, size)
	switch c {
	case ASCII:
		for len(p) < size {
			p = append(p, ' '+byte(r.UintN(95)))
		}
	case CJK:
		for len(p)+3 <= size {
			p = append(p, string(rune(0x4E00+r.UintN(0x5000)))...)
		}
	case Binary:
		for len(p) < size {
			p = binary.LittleEndian.AppendUint64(p, r.Uint64())
		}
		p = p[:size]
	case JSON:
		for len(p) < size {
			p = fmt.Appendf(p, `{"id":%d,"user":"user%d","x":%.3f,"y":%.3f,"active":%t,"tags":["a%d","b%d"],"note":"position update"},`,
				r.IntN(100_000), r.IntN(500), r.Float64()*1000, r.Float64()*1000, r.IntN(2) == 0, r.IntN(20), r.IntN(20))
		}
		p = p[:size]
	case Log:
		for len(p) < size {
			p = fmt.Appendf(p, "2026-11-23T10:%02d:%02d.%06dZ INFO request served method=GET path=/api/v1/items/%d status=%d bytes=%d duration=%dus remote=10.0.%d.%d\n",
				r.IntN(60), r.IntN(60), r.IntN(1_000_000), r.IntN(5000), 200+4*r.IntN(2), r.IntN(20_000), r.IntN(90_000), r.IntN(4), r.IntN(250))
		}
		p = p[:size]
	}
	return p
}

// Batch is messages that a client sends with one write, and what it expects back.
type Batch struct{ *loadgen.Script }

// NewRepeated returns a batch of n messages, all with payload p.
func NewRepeated(c Content, p []byte, n int) Batch {
	b := Batch{&loadgen.Script{Opcode: c.opcode()}}
	for i := range n {
		b.add(p, uint64(i)+1)
	}
	return b
}

// NewBatch returns a batch of depth messages, all different and different from
// those of another seed.
func NewBatch(c Content, size, depth int, seed uint64) Batch {
	b := Batch{&loadgen.Script{Opcode: c.opcode()}}
	for i := range depth {
		s := seed<<16 + uint64(i) + 1
		b.add(Payload(c, size, s), s)
	}
	return b
}

// add adds a message with a masking key of seed.
func (b Batch) add(p []byte, seed uint64) {
	var key [4]byte
	binary.LittleEndian.PutUint32(key[:], uint32(seed)*2654435761|1)
	b.Append(p, key)
}
