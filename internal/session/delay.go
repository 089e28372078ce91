package session

import "sync/atomic"

// Delay decides whether a reply is sent now, or with the replies to the messages that
// have been received and wait to be read. It is the protocol between the reading
// goroutine and those that write:
//
//   - the reading goroutine says with More whether frames wait or one is arriving, and
//     calls Wait before it waits for further bytes, unless one is arriving: then a timer
//     flushes if that takes long;
//   - a goroutine that writes puts its frame into the outbox, under the lock of the
//     Sender, and then asks Try whether it may leave it there.
//
// Each step is one atomic operation on one word. Either Try comes first, and Wait
// tells the reading goroutine to flush; or Wait comes first, and Try refuses. So
// nothing is left in the outbox while the reading goroutine waits.
type Delay struct{ word atomic.Uint32 }

const (
	more    uint32 = 1 << iota // frames wait to be read, or one is arriving
	delayed                    // a reply waits in the outbox
)

// More says whether frames wait behind the one that is delivered now, or one is
// arriving.
func (d *Delay) More(waiting bool) {
	switch has := d.word.Load()&more != 0; {
	case waiting == has:
	case waiting:
		d.word.Or(more)
	default:
		d.word.And(^more)
	}
}

// Wait says that the reading goroutine is about to wait. It reports whether that has
// to flush the outbox first.
func (d *Delay) Wait() (flush bool) {
	return d.word.Load() != 0 && d.word.And(^more)&delayed != 0
}

// Open reports whether a reply may be delayed at this moment.
func (d *Delay) Open() bool { return d.word.Load()&more != 0 }

// Try reports whether the reply that was put into the outbox may be left there: the
// reading goroutine will flush it. The lock of the Sender is held.
func (d *Delay) Try() bool {
	switch w := d.word.Load(); {
	case w&more == 0:
		return false
	case w&delayed != 0:
		return true
	}
	if d.word.Or(delayed)&more != 0 {
		return true
	}
	d.Flushed()
	return false
}

// Leave says that something waits in the outbox for whoever flushes next, whether or not
// frames wait to be read. The lock of the Sender is held.
func (d *Delay) Leave() { d.word.Or(delayed) }

// Flushed says that the outbox was emptied. The lock of the Sender is held.
func (d *Delay) Flushed() {
	if d.word.Load()&delayed != 0 {
		d.word.And(^delayed)
	}
}
