//go:build poison

package pool

import "sync"

// Poisoned reports whether the build tag poison, for tests, is set.
const Poisoned = true

// poison overwrites released bytes. It is not valid UTF-8, is not the first byte of a legal
// client frame, and is easy to see in a dump.
const poison = 0xDB

var out = struct {
	sync.Mutex
	buffers map[*Buffer]struct{}
}{buffers: map[*Buffer]struct{}{}}

// Lent returns the number of buffers in use with the build tag poison, and 0 without
// it.
func Lent() int {
	out.Lock()
	defer out.Unlock()
	return len(out.buffers)
}

func lent(b *Buffer) *Buffer {
	out.Lock()
	defer out.Unlock()
	out.buffers[b] = struct{}{}
	return b
}

func released(b *Buffer) {
	dropped(b)
	for i := range b.B {
		b.B[i] = poison
	}
}

func dropped(b *Buffer) {
	out.Lock()
	_, ok := out.buffers[b]
	delete(out.buffers, b)
	out.Unlock()
	if !ok {
		panic("pool: buffer released twice, or not from this pool")
	}
}
