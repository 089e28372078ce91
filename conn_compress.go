package websocket

import (
	"context"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// Compressing on the way out. Where messages refer to those before them, they are
// compressed in the order of their sending, under the writer's lock; else each
// by whoever writes it, before.

// writeCompressed is Write on a connection that compresses, for a message that is
// large enough.
func (c *Conn) writeCompressed(ctx context.Context, op Opcode, p []byte) error {
	if c.takesOver() {
		c.out.mu.Lock()
		defer c.out.mu.Unlock()
		if err := c.enqueue(ctx, op, p); err != nil {
			return err
		}
		return c.leave(ctx)
	}
	packed := c.deflate.pack(p)
	if packed == nil {
		return c.WriteUncompressed(ctx, op, p)
	}
	defer pool.Put(packed)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.writeFrame(ctx, codec.Header{Fin: true, Opcode: op, RSV: codec.RSV1}, packed.B, len(p))
}

// enqueue puts a message behind those that are pending, compressed if it is large
// enough.
func (c *Conn) enqueue(ctx context.Context, op Opcode, p []byte) error {
	h, payload := codec.Header{Fin: true, Opcode: op}, p
	if err := c.admit(ctx, codec.SizeFrame(h, len(p))); err != nil {
		return err
	}
	if z := c.deflate; z != nil && len(p) >= z.threshold && c.out.err == nil {
		if packed := pack(&z.out, p); packed != nil {
			defer pool.Put(packed)
			h.RSV, payload = codec.RSV1, packed.B
		}
	}
	if err := c.out.append(h, payload); err != nil {
		return err
	}
	c.noteSent(op, len(p))
	return nil
}

// pack returns p compressed without reference to other messages, or nil if it would
// not become smaller. It may be called concurrently.
func (z *compressing) pack(p []byte) *pool.Buffer {
	alone := deflate.Compressor{Level: z.out.Level, WindowBits: z.out.WindowBits}
	return pack(&alone, p)
}

// pack returns p compressed by z, or nil if it would not become smaller.
func pack(z *deflate.Compressor, p []byte) *pool.Buffer {
	packed := pool.Get(deflate.Bound(len(p)))
	b, smaller := z.Append(packed.B, p)
	if !smaller {
		pool.Put(packed)
		return nil
	}
	packed.B = b
	return packed
}
