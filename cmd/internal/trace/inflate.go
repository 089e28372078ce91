package trace

import (
	"errors"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
)

// DeflateParams are what an opening handshake agreed on about
// permessage-deflate (RFC 7692 §7.1), as far as reading needs it.
type DeflateParams struct {
	NoTakeover [2]bool // messages of an end, by its role, do not refer to those before

	// Missed says that messages have passed before the first one that is read, so
	// that none can be inflated that refers to those.
	Missed bool
}

// maxInflated is how long a message may be to be inflated, in bytes: a trace must not need more memory or time than the endpoints do.
const maxInflated = 64 << 20

var (
	errInflateLimit = errors.New("not inflated: the message is too large to")
	errWindowLost   = errors.New("not inflated: it refers to a message that was not")
)

// inflater inflates the compressed messages of one direction.
type inflater struct {
	deflate.Decompressor
	err  error // of the message begun
	lost bool  // the window is unknown
}

func newInflater(p DeflateParams, from codec.Role) *inflater {
	takeover := !p.NoTakeover[from]
	return &inflater{Decompressor: deflate.Decompressor{Takeover: takeover, MaxMessage: maxInflated}, lost: p.Missed && takeover}
}

// add inflates the next bytes of the message begun, which ends with them if last is set. p
// is not retained.
func (d *inflater) add(p []byte, last bool) {
	switch {
	case d.lost:
		d.err = errWindowLost
	case d.err == nil:
		_, d.err = d.Write(p, last)
	}
}

// end returns the message that was added. It is valid until the next call.
func (d *inflater) end() ([]byte, error) {
	d.add(nil, true)
	err := d.err
	if d.err = nil; err == nil {
		return d.Message(), nil
	}
	d.lose()
	if err == codec.ErrMessageTooBig {
		err = errInflateLimit
	}
	return nil, err
}

// lose forgets the message begun and the window, after which nothing can be inflated
// that refers to it.
func (d *inflater) lose() {
	d.Reset()
	d.lost = d.Takeover
}
