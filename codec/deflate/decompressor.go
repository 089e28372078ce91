package deflate

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// A Decompressor inflates the messages that one direction of a connection brings
// compressed (RFC 7692 §7.2.2), as they arrive. There are two ways: Write gathers
// a message, for Message to return; Feed and Next pass it on piece by piece.
//
// Between messages it holds no memory but, if Takeover is set, a window of at most
// 32 KiB. The zero value is one without takeover and limit. Set the fields before
// the first call. A Decompressor must not be used concurrently.
type Decompressor struct {
	Takeover   bool   // messages may refer to those before them
	MaxMessage uint64 // limit of an inflated message in bytes; 0 for none
	WindowBits int    // how far back messages may refer: 2^WindowBits bytes, 8 to 15; 0 for 15

	window   window
	inflater *inflater    // of the message begun
	out      *pool.Buffer // window, then the message
	begin    int          // where in out the part of the message begins that was not handed out
	at       int          // where it ends
	size     uint64       // of the message, as far as it was inflated
	in       []byte       // input for Next
	last     bool         // which ends the message
	tailed   bool         // and is followed by tail: in is that
}

// tail is what the sender of a message has cut off its end (RFC 7692 §7.2.1).
var tail = []byte{0x00, 0x00, 0xFF, 0xFF}

// streamRoom is the size of the buffer for messages that are passed on in pieces.
const streamRoom = 2 * maxWindow

// inflaters keeps the tables, of 15 KiB, that a message needs.
var inflaters shelf[inflater]

// Write inflates p, the next payload bytes of a message, and returns what it has
// become, valid until the next call. last says that the message ends with p:
// Message returns all of it.
//
// The error is codec.ErrDeflate or, as soon as the message exceeds MaxMessage,
// codec.ErrMessageTooBig. After an error call Reset. p is not retained.
func (d *Decompressor) Write(p []byte, last bool) (inflated []byte, err error) {
	if d.inflater == nil {
		d.start(2*len(p) + 64)
	}
	from := d.at - d.begin
	if err := d.gather(p); err != nil {
		return nil, err
	}
	if last {
		if err := d.gatherTail(); err != nil {
			return nil, err
		}
		d.end()
	}
	return d.out.B[d.begin+from : d.at], nil
}

// Message returns the message that Write has ended, or what there is of one that has
// not, for Feed and Next to go on with. It is valid until the next call of another method.
func (d *Decompressor) Message() []byte {
	if d.out == nil {
		return nil
	}
	p := d.out.B[d.begin:d.at]
	d.begin = d.at
	return p
}

// Feed gives Next its input: p, the next payload bytes of a message, which has to stay
// as it is until Next returns codec.ErrShort or the message has ended with it.
func (d *Decompressor) Feed(p []byte, last bool) {
	if d.inflater == nil {
		d.begins(streamRoom)
	}
	d.in, d.last, d.tailed = p, last, false
}

// Next returns a piece of the message, at most 32 KiB, valid until the next call. It
// returns codec.ErrShort when Feed has to be called first, and done with the piece that the
// message ends with, which may be empty. Other errors are those of Write.
func (d *Decompressor) Next() (piece []byte, done bool, err error) {
	if len(d.out.B)-d.at < maxWindow {
		d.slide()
	}
	from := d.at
	for {
		d.in, err = d.run(d.in)
		switch {
		case err == errFull && d.at > from:
			err = nil
		case err == codec.ErrShort && d.last:
			if !d.tailed && !d.complete() {
				d.in, d.tailed = tail, true
				continue
			}
			if !d.inflater.whole() {
				return nil, false, codec.ErrDeflate
			}
			done, err = true, nil
		case err == codec.ErrShort && d.at > from:
			err = nil
		}
		break
	}
	if err != nil {
		return nil, false, err
	}
	if done {
		d.end()
	}
	d.begin = d.at
	return d.out.B[from:d.at], done, nil
}

// Release gives back the memory of the message that was handed out last. Call it when
// that is no longer used. It does nothing while a message is unfinished.
func (d *Decompressor) Release() {
	if d.inflater == nil && d.out != nil {
		pool.Put(d.out)
		d.out = nil
	}
}

// Detach leaves the message that was handed out last to whoever holds it: it stays
// valid.
func (d *Decompressor) Detach() {
	if d.out == nil {
		return
	}
	if d.inflater == nil {
		pool.Drop(d.out)
		d.out = nil
		return
	}
	b := pool.Get(len(d.out.B))
	b.B = append(b.B, d.out.B...)
	b.B = b.B[:cap(b.B)]
	pool.Drop(d.out)
	d.out = b
}

// Reset gives back all memory and forgets the message begun, and the window.
func (d *Decompressor) Reset() {
	if d.inflater != nil {
		d.putInflater()
	}
	d.Release()
	d.window.drop()
	d.in = nil
}

// start begins a message, with room for about n bytes of it.
func (d *Decompressor) start(n int) {
	if d.MaxMessage > 0 {
		n = int(min(uint64(n), d.MaxMessage))
	}
	w := len(d.window.bytes())
	d.begins(pool.Fit(w+n, d.most(w)))
}

// begins begins a message in a buffer of size bytes, of which the window is the
// first part.
func (d *Decompressor) begins(size int) {
	d.Release()
	if d.inflater = inflaters.take(nil); d.inflater == nil {
		d.inflater = new(inflater)
	}
	d.inflater.reset(d.reach())
	w := d.window.bytes()
	d.out = pool.Get(size)
	d.out.B = append(d.out.B, w...)
	d.begin, d.at, d.size = len(w), len(w), 0
	d.out.B = d.out.B[:cap(d.out.B)]
}

// gather inflates p into out, which grows with what has been inflated.
func (d *Decompressor) gather(p []byte) (err error) {
	for {
		p, err = d.run(p)
		switch err {
		case codec.ErrShort:
			return nil
		case errFull:
			d.grow()
		default:
			return err
		}
	}
}

// grow makes room in out, which has none for the next match: by leaving what lies
// before the message, if no distance reaches there any more, or in a larger buffer.
func (d *Decompressor) grow() {
	if gone := min(d.begin, d.at-d.reach()); gone > 0 {
		d.begin, d.at = d.begin-gone, copy(d.out.B, d.out.B[gone:d.at])
		return
	}
	size := pool.Fit(len(d.out.B)+1, d.most(d.begin))
	d.out.B = d.out.B[:d.at]
	d.out = pool.Grow(d.out, size)
	d.out.B = d.out.B[:cap(d.out.B)]
}

// most is how large out has to be at most: for the largest message and, if so many bytes
// lie before it, for a match behind all that a distance reaches. 0 is no limit.
func (d *Decompressor) most(before int) uint64 {
	if d.MaxMessage == 0 || before == 0 {
		return d.MaxMessage
	}
	return max(d.MaxMessage, uint64(d.reach()+maxLength))
}

// reach is the largest distance that is allowed.
func (d *Decompressor) reach() int { return 1 << windowBits(d.WindowBits) }

// gatherTail inflates the end of the message, which was not sent, unless the
// message has ended.
func (d *Decompressor) gatherTail() error {
	if d.complete() {
		return nil
	}
	if err := d.gather(tail); err != nil {
		return err
	}
	if !d.inflater.whole() {
		return codec.ErrDeflate
	}
	return nil
}

// complete reports whether the message ends with a block that is the last one: its
// encoder has cut nothing off.
func (d *Decompressor) complete() bool { return d.inflater.ended && d.inflater.whole() }

// run inflates p to what there is of out, and returns what is left of p.
func (d *Decompressor) run(p []byte) (rest []byte, err error) {
	out, limited := d.out.B, false
	if left := d.MaxMessage - d.size; d.MaxMessage > 0 && uint64(len(out)-d.at) >= left {
		out, limited = out[:d.at+int(left)], true
	}
	from := d.at
	at, read, err := d.inflater.run(out, d.at, p)
	d.at, d.size = at, d.size+uint64(at-from)
	if err == errFull && limited {
		err = codec.ErrMessageTooBig
	}
	return p[read:], err
}

// slide makes room in out behind the window.
func (d *Decompressor) slide() {
	if len(d.out.B) < streamRoom {
		d.out = pool.Grow(d.out, streamRoom)
		d.out.B = d.out.B[:cap(d.out.B)]
	}
	keep := min(d.at, maxWindow)
	copy(d.out.B, d.out.B[d.at-keep:d.at])
	d.begin, d.at = keep, keep
}

// end ends a message.
func (d *Decompressor) end() {
	d.putInflater()
	if d.Takeover {
		d.window.set(d.out.B[max(0, d.at-d.reach()):d.at])
	}
}

func (d *Decompressor) putInflater() {
	inflaters.put(d.inflater)
	d.inflater = nil
}
