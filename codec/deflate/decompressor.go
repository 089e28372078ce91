package deflate

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// A Decompressor inflates the compressed messages of one direction of a connection, as
// they arrive (RFC 7692 §7.2.2). There are two ways to use it: [Decompressor.Write] collects
// a message, which [Decompressor.Message] returns; [Decompressor.Feed] and
// [Decompressor.Next] return a message piece by piece.
//
// Between messages it holds no memory, except a window of at most 32 KiB if Takeover is
// set. The zero value has no takeover and no limit. Set the fields before the first
// call. A Decompressor must not be used concurrently.
type Decompressor struct {
	Takeover   bool   // messages may refer to those before them
	MaxMessage uint64 // limit of an inflated message in bytes; 0 for none
	WindowBits int    // how far back messages may refer: 2^WindowBits bytes, 8 to 15; 0 for 15

	window   window
	inflater *inflater    // of the current message
	out      *pool.Buffer // window, then the message
	begin    int          // start, in out, of the part of the message that was not returned
	at       int          // end of that part
	size     uint64       // inflated bytes of the message so far
	in       []byte       // input for Next
	last     bool         // in ends the message
	tailed   bool         // in is tail, after the input that ended the message
}

// tail holds the bytes that the sender has removed from the end of a message (RFC 7692
// §7.2.1).
var tail = []byte{0x00, 0x00, 0xFF, 0xFF}

// streamRoom is the size of the buffer for messages that are returned in pieces.
const streamRoom = 2 * maxWindow

// inflaters is the free list of inflaters. Each has tables of 15 KiB, which a message needs
// only while it is inflated.
var inflaters freeList[inflater]

// Write inflates p, the next payload bytes of a message, and returns the result, which
// is valid until the next call. If last is set, the message ends with p, and Message
// returns all of it. p is not retained.
//
// The error is [codec.ErrDeflate], or [codec.ErrMessageTooBig] as soon as the message
// exceeds MaxMessage. After an error, call [Decompressor.Reset].
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

// Message returns the message that Write has completed. If the message is not complete,
// it returns the part so far, and Feed and Next continue with the rest. The result is
// valid until the next call of another method.
func (d *Decompressor) Message() []byte {
	if d.out == nil {
		return nil
	}
	p := d.out.B[d.begin:d.at]
	d.begin = d.at
	return p
}

// Feed sets the input of [Decompressor.Next]: p, the next payload bytes of a message. If
// last is set, the message ends with p. p must not be modified until Next returns
// [codec.ErrShort] or done.
func (d *Decompressor) Feed(p []byte, last bool) {
	if d.inflater == nil {
		d.begins(streamRoom)
	}
	d.in, d.last, d.tailed = p, last, false
}

// Next returns the next piece of the message, at most 32 KiB, which is valid until the
// next call. It returns [codec.ErrShort] if [Decompressor.Feed] must be called first. done is
// true with the last piece of the message, which may be empty. Other errors are those of
// [Decompressor.Write].
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

// Release releases the memory of the last returned message. Call it when the message is
// no longer used. It does nothing while a message is incomplete.
func (d *Decompressor) Release() {
	if d.inflater == nil && d.out != nil {
		pool.Put(d.out)
		d.out = nil
	}
}

// Detach transfers ownership of the last returned message to the caller: it stays
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

// Reset releases all memory, and discards the current message and the window.
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

// begins begins a message in a buffer of size bytes. The window is the first part of the
// buffer.
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

// gather inflates p into out, which grows with the inflated bytes.
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

// grow makes room in out for the next match. It discards the bytes before the message that
// no distance can reach any more. If there are none, it takes a larger buffer.
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

// most returns the maximum size of out: enough for the largest message and, if there are
// bytes before the message, for a match after the largest distance. 0 means no limit.
func (d *Decompressor) most(before int) uint64 {
	if d.MaxMessage == 0 || before == 0 {
		return d.MaxMessage
	}
	return max(d.MaxMessage, uint64(d.reach()+maxLength))
}

// reach returns the largest distance that is allowed.
func (d *Decompressor) reach() int { return 1 << windowBits(d.WindowBits) }

// gatherTail inflates tail, the end of the message that was not sent. It does nothing if the
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

// complete reports whether the message ends with a final block. Then its sender has removed
// no tail.
func (d *Decompressor) complete() bool { return d.inflater.ended && d.inflater.whole() }

// run inflates p into the free part of out, and returns the rest of p.
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

// slide makes room in out after the window.
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
