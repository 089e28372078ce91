package pool

import (
	"math"
	"math/bits"

	"github.com/valyala/bytebufferpool"
)

// The smallest and the largest size class, in bytes. Below MinSize, a class would save
// less than its administration costs. Above MaxSize (16 MiB), a kept buffer would cost
// more than allocating one.
const (
	MinSize = 1 << minBits
	MaxSize = 1 << maxBits

	minBits = 9
	maxBits = 24
)

// Buffer is a pooled byte slice in its field B.
type Buffer = bytebufferpool.ByteBuffer

// classes holds pointers: bytebufferpool uses 64-bit atomics, which must be aligned on
// 32-bit systems too, and allocated structs are.
var classes = func() (pools [maxBits - minBits + 1]*bytebufferpool.Pool) {
	for i := range pools {
		pools[i] = new(bytebufferpool.Pool)
	}
	return pools
}()

// Get returns a buffer whose B has length 0 and capacity n or more, rounded up to a
// power of two up to [MaxSize]. The caller owns it until [Put]. n must not be a length
// that a peer merely claims: request what has arrived or is about to be written.
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

// Put returns b to the pool. b and slices of b.B must not be used afterwards. Put does
// nothing if b is nil.
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

// Drop removes b from the pool for good. Its bytes stay valid, and are left to the
// garbage collector.
func Drop(b *Buffer) {
	if b != nil {
		dropped(b)
	}
}

// Grow returns a buffer with the contents of b and a capacity of n or more. It returns b
// itself if b is large enough. Otherwise it copies the contents and returns b to the pool, as
// [Put] does.
func Grow(b *Buffer, n int) *Buffer {
	if cap(b.B) >= n {
		return b
	}
	g := Get(n)
	g.B = append(g.B, b.B...)
	Put(b)
	return g
}

// Fit returns the capacity to request where n bytes are needed now, and never more than
// most bytes; most 0 means no limit.
//
// The result is the smallest of most, most/4, most/16 … that is at least n. So a growing
// buffer is at most four times as large as its contents, and the buffer that it replaces has
// a quarter of its size. During the copy, the two use at most 1.25 × most bytes. A limit of at
// most [MaxSize] is rounded up to a power of two first.
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

// ceil returns the least power of two that is not below n.
func ceil(n int) int { return 1 << bits.Len(uint(max(n, 1)-1)) }

func class(size int) *bytebufferpool.Pool { return classes[bits.Len(uint(size))-1-minBits] }
