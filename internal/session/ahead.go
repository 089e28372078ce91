package session

import (
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/pool"
)

// AheadBytes limits the data frames that are read ahead of the application, in bytes.
// The frames of one read from the transport may exceed it.
const AheadBytes = 64 << 10

// ahead holds the data frames that were read ahead of the application. An empty ahead
// costs a pointer.
type ahead struct{ q *aheadQueue }

type aheadQueue struct {
	frames []codec.Frame // without payloads
	sizes  []int         // of the payloads
	next   int           // the first frame that pop has not returned
	cut    bool          // the frames after these are dropped
	at     int           // where its payload begins in buf
	buf    *pool.Buffer  // the payloads, end to end
}

// frameCost is what a frame counts in addition to its payload, in bytes.
const frameCost = 64

// ReadAhead copies f, which [Receiver.DecodeAhead] has returned, for a later NextFrame.
// After CutAhead it drops f.
func (r *Receiver) ReadAhead(f *codec.Frame) {
	if r.ahead.q == nil {
		r.ahead.q = new(aheadQueue)
	}
	q := r.ahead.q
	if q.cut {
		return
	}
	if q.buf == nil {
		q.buf = pool.Get(max(len(f.Payload), pool.MinSize))
	}
	q.buf = pool.Grow(q.buf, len(q.buf.B)+len(f.Payload))
	q.buf.B = append(q.buf.B, f.Payload...)
	q.sizes = append(q.sizes, len(f.Payload))
	kept := *f
	kept.Payload = nil
	q.frames = append(q.frames, kept)
}

// AheadFull reports whether no more may be read ahead.
func (r *Receiver) AheadFull() bool {
	q := r.ahead.q
	return q != nil && len(q.buf.B)-q.at+(len(q.frames)-q.next)*frameCost >= AheadBytes
}

// CutAhead makes the Receiver drop all data frames from now on, because no more may be read
// ahead (AheadFull): a message without one of its frames would be a wrong message.
func (r *Receiver) CutAhead() { r.ahead.q.cut = true }

func (r *Receiver) dropsData() bool { return r.ahead.q != nil && r.ahead.q.cut }

// HasAhead reports whether frames wait that were read ahead.
func (r *Receiver) HasAhead() bool { return r.ahead.q != nil && r.ahead.q.next < len(r.ahead.q.frames) }

// DecodeAhead returns the next frame in the received bytes, after the frames that were
// read ahead. Results are those of [Receiver.NextFrame].
func (r *Receiver) DecodeAhead() (Event, codec.Frame, error) {
	waiting := r.ahead
	r.ahead = ahead{}
	ev, f, err := r.NextFrame()
	r.ahead = waiting
	return ev, f, err
}

// pop returns the oldest frame. Its payload stays valid until the next call.
func (a *ahead) pop() (f codec.Frame, ok bool) {
	q := a.q
	if q == nil {
		return f, false
	}
	if q.next == len(q.frames) {
		if !q.cut {
			a.drop()
		}
		return f, false
	}
	f = q.frames[q.next]
	end := q.at + q.sizes[q.next]
	f.Payload = q.buf.B[q.at:end:end]
	q.next, q.at = q.next+1, end
	return f, true
}

// detach transfers ownership of the buffer to the application, which uses a part of it.
func (a *ahead) detach() {
	q := a.q
	if q == nil {
		return
	}
	rest := q.buf.B[q.at:]
	kept := pool.Get(max(len(rest), pool.MinSize))
	kept.B = append(kept.B, rest...)
	pool.Drop(q.buf)
	q.buf, q.at = kept, 0
}

func (a *ahead) drop() {
	if a.q != nil {
		pool.Put(a.q.buf)
		a.q = nil
	}
}
