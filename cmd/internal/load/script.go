package load

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/zerowire/websocket/codec"
)

// script is what every connection sends, over and over, each from a place of its
// own, and what has to come back. It is encoded once and never changes.
//
//	out  [ frame 0 | frame 1 | … ]   masked, as a client sends them
//	back [ frame 0 | frame 1 | … ]   as a server sends them that echoes each in one frame
//
// Masking keys repeat with the script. RFC 6455 §5.3 wants them unpredictable to
// protect intermediaries from what a page makes a browser send; nobody but the
// user decides what is sent here.
type script struct {
	opcode codec.Opcode
	count  int // messages: a power of two
	size   sizes

	out, back     []byte
	outAt, backAt []int // where frame i begins; one more, for the end
	payloadAt     []int // where its payload begins, in back
}

// How many messages a script has: enough for a mixture of sizes, and few enough to
// stay in a cache of the second level, with what is received.
const (
	scriptBytes    = 256 << 10
	scriptMessages = 256
)

// newScript makes a script in which any 4×depth messages in a row differ, if their
// sizes allow: no message may be taken for another one that is in flight with it
// or was shortly before.
func newScript(opcode codec.Opcode, size sizes, depth int) *script {
	average := max((size.min+size.max)/2, 1)
	count := max(4*depth, min(scriptBytes/average, scriptMessages))
	s := &script{opcode: opcode, count: 1 << bits.Len(uint(count-1)), size: size}
	r := rand.New(rand.NewPCG(1, uint64(s.count)))
	var payload []byte
	for range s.count {
		payload = appendPayload(payload[:0], opcode, size.draw(r), r)
		h := codec.Header{Fin: true, Opcode: opcode, Length: uint64(len(payload))}
		s.backAt = append(s.backAt, len(s.back))
		s.payloadAt = append(s.payloadAt, len(s.back)+codec.SizeHeader(h))
		s.back = codec.AppendFrame(s.back, h, payload)
		h.Masked = true
		binary.LittleEndian.PutUint32(h.Key[:], r.Uint32())
		s.outAt = append(s.outAt, len(s.out))
		s.out = codec.AppendFrame(s.out, h, payload)
	}
	s.outAt = append(s.outAt, len(s.out))
	s.backAt = append(s.backAt, len(s.back))
	return s
}

// payload returns the payload of message i.
func (s *script) payload(i int) []byte { return s.back[s.payloadAt[i]:s.backAt[i+1]] }

// words make up text: what compresses as prose does.
var words = [...]string{
	"a", "about", "all", "and", "answer", "as", "be", "by", "client", "close", "connection", "data", "every", "first",
	"for", "frame", "from", "has", "have", "he", "in", "is", "it", "length", "message", "more", "not", "of", "on", "one",
	"or", "payload", "reads", "said", "server", "she", "socket", "that", "the", "they", "this", "time", "to", "was",
	"we", "what", "when", "which", "with", "word", "writes", "you",
}

// appendPayload appends n bytes: text begins with some that make it unlike any
// other and goes on with words; binary is random from end to end.
func appendPayload(dst []byte, opcode codec.Opcode, n int, r *rand.Rand) []byte {
	end := len(dst) + n
	if opcode == codec.OpBinary {
		for len(dst) < end {
			dst = binary.LittleEndian.AppendUint64(dst, r.Uint64())
		}
		return dst[:end]
	}
	for range min(n, 8) {
		dst = append(dst, '!'+byte(r.UintN('~'-'!'+1)))
	}
	for len(dst) < end {
		dst = append(dst, ' ')
		dst = append(dst, words[r.IntN(len(words))]...)
	}
	return dst[:end]
}
