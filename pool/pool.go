package pool

import (
	"math"
	"math/bits"

	"github.com/valyala/bytebufferpool"
)

// The smallest and the largest class, in bytes. Below MinSize a class would
// save less than its bookkeeping costs; above MaxSize (16 MiB) a kept buffer
// would cost more than making one.
const (
	MinSize = 1 << minBits
	MaxSize = 1 << maxBits

	minBits = 9
	maxBits = 24
)

// Buffer is a borrowed byte slice: use its field B.
type Buffer = bytebufferpool.ByteBuffer

// classes holds pointers because bytebufferpool counts with 64-bit atomics, which
// have to be aligned on 32-bit systems too: what is allocated is.
var classes = func() (pools [maxBits - minBits + 1]*bytebufferpool.Pool) {
	for i := range pools {
		pools[i] = new(bytebufferpool.Pool)
	}
	return pools
}()

// Get lends a buffer whose B has length 0 and capacity n or more, rounded up to
// a power of two up to MaxSize. n must not be what a peer claims, only what has
// arrived or is about to be written.
func Get(n int) *Buffer {
	if n > MaxSize {
		return lent(&Buffer{B: make([]byte, 0, n)})
	}
	size := max(ceil(n), MinSize)
	b := class(size).Get()
	if cap(b.B) < size {
		b.B = make([]byte, 0, size)
	}
	return lent(b)
}

// Put takes b back. Neither b nor any slice of b.B may be used afterwards.
// Putting nil does nothing.
func Put(b *Buffer) {
	if b == nil {
		return
	}
	b.B = b.B[:cap(b.B)]
	released(b)
	if size := len(b.B); size >= MinSize && size <= MaxSize && size == ceil(size) {
		class(size).Put(b)
	}
}

// Drop gives b up for good: somebody may go on using its bytes, and they are
// never lent again.
func Drop(b *Buffer) {
	if b != nil {
		dropped(b)
	}
}

// Grow returns a buffer with the contents of b and a capacity of n or more. It
// is b itself if b is large enough; otherwise b has been put back.
func Grow(b *Buffer, n int) *Buffer {
	if cap(b.B) >= n {
		return b
	}
	g := Get(n)
	g.B = append(g.B, b.B...)
	Put(b)
	return g
}

// Fit returns what capacity to ask for where n bytes are needed now, and never more
// than most bytes; 0 for no such limit. It is the least of most, a quarter of it, a
// sixteenth … that is enough, so that a buffer which grows with what arrives is at most
// four times that large, and the one that it replaces a quarter of it: while it is
// copied, the two take no more than most and a quarter of most. What is kept by class is
// rounded up as Get does.
func Fit(n int, most uint64) int {
	size := most
	switch {
	case most == 0:
		size = 1 << 62
	case most <= MaxSize:
		size = uint64(max(ceil(int(most)), MinSize))
	}
	for size/4 >= uint64(n) && size > MinSize {
		size /= 4
	}
	return int(min(size, math.MaxInt))
}

// ceil is the least power of two that is not below n.
func ceil(n int) int { return 1 << bits.Len(uint(max(n, 1)-1)) }

func class(size int) *bytebufferpool.Pool { return classes[bits.Len(uint(size))-1-minBits] }
