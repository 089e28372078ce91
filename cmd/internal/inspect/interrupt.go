package inspect

import (
	"context"
	"io"
)

// interruptible reads from r until ctx ends, also where a read from r cannot be ended:
// from a pipe or a terminal.
type interruptible struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte
	done chan read
}

// read is what a read returned.
type read struct {
	p   []byte
	err error
}

func newInterruptible(ctx context.Context, r io.Reader) *interruptible {
	return &interruptible{ctx: ctx, r: r, buf: make([]byte, sampleSize), done: make(chan read, 1)}
}

// Read implements io.Reader. It must not be called again after ctx has ended.
func (i *interruptible) Read(p []byte) (int, error) {
	buf := i.buf[:min(len(p), len(i.buf))]
	go func() {
		n, err := i.r.Read(buf)
		i.done <- read{buf[:n], err}
	}()
	select {
	case got := <-i.done:
		return copy(p, got.p), got.err
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	}
}
