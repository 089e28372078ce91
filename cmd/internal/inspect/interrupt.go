package inspect

import (
	"context"
	"io"

	"github.com/muesli/cancelreader"
)

// interruptible reads until ctx ends.
type interruptible struct {
	ctx context.Context
	io.Reader
}

// newInterruptible returns what reads from r until ctx ends. A read from a pipe or a
// terminal, which may take any time, ends too.
func newInterruptible(ctx context.Context, r io.Reader) *interruptible {
	if c, err := cancelreader.NewReader(r); err == nil { // it is no regular file
		context.AfterFunc(ctx, func() { c.Cancel() })
		r = c
	}
	return &interruptible{ctx, r}
}

// Read implements io.Reader.
func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.Reader.Read(p)
}
