package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/loadgen"
)

// How many messages a script has: enough for a mixture of sizes, and few enough to
// stay in a cache of the second level, with what is received.
const (
	scriptBytes    = 256 << 10
	scriptMessages = 256
)

// newScript returns what every connection sends, over and over, each from a place of its
// own. Any 4×depth messages in a row differ, if their sizes allow: no message may be
// taken for another one that is in flight with it or was shortly before. Their number is
// a power of two.
func newScript(opcode codec.Opcode, size sizes, depth int) *loadgen.Script {
	average := max((size.min+size.max)/2, 1)
	count := max(4*depth, min(scriptBytes/average, scriptMessages))
	count = 1 << bits.Len(uint(count-1))
	s := &loadgen.Script{Opcode: opcode}
	r := rand.New(rand.NewPCG(1, uint64(count)))
	var payload []byte
	for range count {
		payload = appendPayload(payload[:0], opcode, size.draw(r), r)
		var key [4]byte
		binary.LittleEndian.PutUint32(key[:], r.Uint32())
		s.Append(payload, key)
	}
	return s
}

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

// maxSize is the largest payload, in bytes: several messages of it have to fit
// into memory twice.
const maxSize = 64 << 20

// sizes is the range that payload sizes are drawn from, evenly, in bytes. On the
// command line it is "125" or "16-4096".
type sizes struct{ min, max int }

// UnmarshalText parses a size or a range.
func (s *sizes) UnmarshalText(text []byte) error {
	low, high, isRange := strings.Cut(string(text), "-")
	if !isRange {
		high = low
	}
	var err error
	if s.min, err = parseSize(low); err != nil {
		return err
	}
	if s.max, err = parseSize(high); err != nil {
		return err
	}
	if s.min > s.max {
		return fmt.Errorf("the range %s begins above its end", text)
	}
	return nil
}

func parseSize(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 63)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, fmt.Errorf("%q is not a number of bytes, such as 125 or 16-4096", text)
	case err != nil || n > maxSize:
		return 0, fmt.Errorf("%s bytes are too many: the limit is %d", text, maxSize)
	}
	return int(n), nil
}

// String returns what UnmarshalText parses.
func (s sizes) String() string {
	if s.min == s.max {
		return strconv.Itoa(s.min)
	}
	return fmt.Sprintf("%d-%d", s.min, s.max)
}

// draw returns one of the sizes.
func (s sizes) draw(r *rand.Rand) int { return s.min + r.IntN(s.max-s.min+1) }
