package session

import (
	"net"
	"sync"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// Batch holds whole frames that one goroutine sends.
type Batch struct {
	Rest net.Buffers // the part that is not sent yet

	buffers [4]*pool.Buffer // Pong, Pings, pending, and a payload that was copied
	header  [codec.MaxHeaderSize]byte
	vectors [5][]byte
}

// Indexes of Batch.buffers.
const (
	pendingBuffer = 2
	keptBuffer    = 3
)

var batches = sync.Pool{New: func() any { return new(Batch) }}

// one stands for a send of a single slice, which needs no Batch.
var one Batch

// KeepPayload copies the last slice, because it belongs to a caller that may return
// before the end of the send.
func (b *Batch) KeepPayload() {
	last := &b.Rest[len(b.Rest)-1]
	kept := pool.Get(len(*last))
	kept.B = append(kept.B, *last...)
	b.buffers[keptBuffer], *last = kept, kept.B
}

func (b *Batch) release() {
	if b == &one {
		return
	}
	for _, buf := range b.buffers {
		pool.Put(buf)
	}
	*b = Batch{}
	batches.Put(b)
}
