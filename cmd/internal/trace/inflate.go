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

// maxInflated is how long a message may be, compressed or inflated, to be inflated,
// in bytes: a trace must not need more memory or time than the endpoints do.
const maxInflated = 64 << 20

var (
	errInflateLimit = errors.New("not inflated: the message is too large to")
	errWindowLost   = errors.New("not inflated: it refers to a message that was not")
)

// inflater inflates the compressed messages of one direction.
type inflater struct {
	deflate.Decompressor
	in   []byte // the message begun, compressed
	over bool   // more of it came than MaxMessage
	lost bool   // the window is unknown
}

func newInflater(p DeflateParams, from codec.Role) *inflater {
	takeover := !p.NoTakeover[from]
	return &inflater{Decompressor: deflate.Decompressor{Takeover: takeover, MaxMessage: maxInflated}, lost: p.Missed && takeover}
}

// add takes the next bytes of the message begun. p is not retained.
func (d *inflater) add(p []byte) {
	if d.lost || d.over || uint64(len(d.in)+len(p)) > d.MaxMessage {
		d.in, d.over = nil, true
		return
	}
	d.in = append(d.in, p...)
}

// inflate hands the message that was added to take, piece by piece, and returns its
// length.
func (d *inflater) inflate(take func([]byte)) (n int, err error) {
	defer func() { d.in, d.over = d.in[:0], false }()
	switch {
	case d.lost:
		return 0, errWindowLost
	case d.over:
		d.lose()
		return 0, errInflateLimit
	}
	d.Feed(d.in, true)
	for done := false; !done; {
		var piece []byte
		piece, done, err = d.Next()
		n += len(piece)
		if err != nil {
			d.lose()
			if err == codec.ErrMessageTooBig {
				err = errInflateLimit
			}
			return n, err
		}
		take(piece)
	}
	return n, nil
}

// lose forgets the message begun and the window, after which nothing can be inflated
// that refers to it.
func (d *inflater) lose() {
	d.Reset()
	d.in, d.lost = d.in[:0], d.Takeover
}
