package session

import "sync/atomic"

// Delay decides whether a reply is sent now, or coalesced with the replies to messages
// that have been received and wait to be read. The reading goroutine and the writing
// goroutines use it as follows:
//
//   - The reading goroutine reports with More whether a frame waits or is arriving. Before
//     it waits for further bytes it calls Wait, and flushes if Wait returns true. While a
//     frame is arriving it does not call Wait, and a timer flushes.
//   - A writing goroutine puts its frame into the outbox, under the lock of the Sender,
//     and then calls Try. If Try returns false, the goroutine flushes.
//
// Each step is one atomic operation on one word. If Try comes first, Wait makes the
// reading goroutine flush. If Wait comes first, Try returns false. So no reply stays in
// the outbox while the reading goroutine waits.
type Delay struct{ word atomic.Uint32 }

const (
	more    uint32 = 1 << iota // frames wait to be read, or one is arriving
	delayed                    // a reply waits in the outbox
)

// More records whether another frame waits after the one that is delivered now, or is
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

// Wait records that the reading goroutine is about to wait. If it returns true, the
// goroutine has to flush the outbox first.
func (d *Delay) Wait() (flush bool) {
	return d.word.Load() != 0 && d.word.And(^more)&delayed != 0
}

// Open reports whether a reply may be delayed now: a frame waits or is arriving.
func (d *Delay) Open() bool { return d.word.Load()&more != 0 }

// Try reports whether a reply may stay in the outbox until the reading goroutine flushes
// it. The caller holds the lock of the Sender.
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

// Leave records that a frame stays in the outbox until the next flush, even if no frames
// wait to be read. The caller holds the lock of the Sender.
func (d *Delay) Leave() { d.word.Or(delayed) }

// Flushed records that the outbox was emptied. The caller holds the lock of the Sender.
func (d *Delay) Flushed() {
	if d.word.Load()&delayed != 0 {
		d.word.And(^delayed)
	}
}
