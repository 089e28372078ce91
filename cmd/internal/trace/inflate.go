package trace

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/flate"

	"github.com/zerowire/websocket/codec"
)

// DeflateParams are what an opening handshake agreed on about
// permessage-deflate (RFC 7692 §7.1), as far as reading needs it.
type DeflateParams struct {
	ServerNoContextTakeover bool
	ClientNoContextTakeover bool

	// Missed says that messages have passed before the first one that is read, so
	// that none can be inflated that refers to those.
	Missed bool
}

// takeover reports whether messages of an end refer to those before.
func (p DeflateParams) takeover(from codec.Role) bool {
	if from == codec.Client {
		return !p.ClientNoContextTakeover
	}
	return !p.ServerNoContextTakeover
}

// maxInflated is how long a message may be, compressed or inflated, to be inflated,
// in bytes: a trace must not need more memory or time than the endpoints do.
const maxInflated = 64 << 20

var (
	errInflateLimit = errors.New("not inflated: the message is too large to")
	errWindowLost   = errors.New("not inflated: it refers to a message that was not")
)

// windowSize is how far back DEFLATE can refer, in bytes.
const windowSize = 32 << 10

// inflater inflates the compressed messages of one direction.
type inflater struct {
	takeover bool
	limit    int    // bytes of a message, compressed or inflated
	in       []byte // the message begun, compressed
	over     bool   // more of it came than limit
	lost     bool   // the window is unknown
	window   []byte // what the next message may refer to
	reader   io.ReadCloser
	out      []byte
}

func newInflater(p DeflateParams, from codec.Role) *inflater {
	takeover := p.takeover(from)
	return &inflater{takeover: takeover, limit: maxInflated, lost: p.Missed && takeover}
}

// add takes the next bytes of the message begun. p is not retained.
func (d *inflater) add(p []byte) {
	if d.lost || d.over || len(d.in)+len(p) > d.limit {
		d.in, d.over = nil, true
		return
	}
	d.in = append(d.in, p...)
}

// "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the
// message" RFC 7692 §7.2.2. The block behind them is empty and the last one, so
// that the decompressor finds an end.
var messageTail = []byte{0, 0, 0xFF, 0xFF, 1, 0, 0, 0xFF, 0xFF}

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
	if d.reader == nil {
		d.out = make([]byte, windowSize)
		d.reader = flate.NewReader(nil)
	}
	d.in = append(d.in, messageTail...)
	for in := bytes.NewReader(d.in); ; {
		d.reader.(flate.Resetter).Reset(in, d.window)
		for {
			got, err := d.reader.Read(d.out)
			n += got
			if n > d.limit {
				d.lose()
				return n, errInflateLimit
			}
			take(d.out[:got])
			d.slide(d.out[:got])
			if err == io.EOF {
				break
			}
			if err != nil {
				d.lose()
				return n, codec.ErrDeflate
			}
		}
		// A message may have final blocks of its own, and go on behind them (RFC 7692
		// §7.2.3.4). What is left then is more than the last block of the tail.
		if in.Len() == 0 {
			break
		}
	}
	if !d.takeover {
		d.window = d.window[:0]
	}
	return n, nil
}

// slide moves the window behind p.
func (d *inflater) slide(p []byte) {
	d.window = append(d.window, p...)
	if over := len(d.window) - windowSize; over > 0 {
		d.window = d.window[:copy(d.window, d.window[over:])]
	}
}

// lose forgets the message begun and the window, after which nothing can be inflated
// that refers to it.
func (d *inflater) lose() {
	d.in, d.window, d.lost = d.in[:0], d.window[:0], d.takeover
}
