//go:build poison

package pool

import "sync"

// Poisoned reports whether this is a test build, with the tag poison.
const Poisoned = true

// poison overwrites released bytes: no UTF-8, no frame that a client may send,
// and easy to see in a dump.
const poison = 0xDB

var out = struct {
	sync.Mutex
	buffers map[*Buffer]struct{}
}{buffers: map[*Buffer]struct{}{}}

// Lent returns how many buffers are out, in test builds; 0 in all others.
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
