package session

import (
	"runtime"
	"sync/atomic"
)

// Lifecycle is the state of a connection: open, ending because of one cause, or closed.
// All methods are atomic. The zero value is open.
type Lifecycle struct {
	cause error // set once, before ending
	word  atomic.Uint32
}

// Bits of Lifecycle.word. recording is set before ending; the others may be set in any
// order.
const (
	recording uint32 = 1 << iota // cause is being set
	ending                       // cause is set
	closed                       // the connection has ended
	abandoned                    // the application has closed it, and does not read any more
	counted                      // the Server has counted its end
)

// End records cause as the cause of the connection's end, unless there is an earlier
// one. It returns the recorded cause.
func (l *Lifecycle) End(cause error) error {
	if l.word.Or(recording)&recording == 0 {
		l.cause = cause
		l.word.Or(ending)
	}
	for l.word.Load()&ending == 0 {
		runtime.Gosched()
	}
	return l.cause
}

// Cause returns the cause of the connection's end, or nil if it is not ending.
func (l *Lifecycle) Cause() error {
	if l.word.Load()&ending == 0 {
		return nil
	}
	return l.cause
}

// Close records that the connection has ended. It returns true to the first caller,
// which then releases the resources of the connection.
func (l *Lifecycle) Close() bool { return l.word.Or(closed)&closed == 0 }

// Closed reports whether the connection has ended.
func (l *Lifecycle) Closed() bool { return l.word.Load()&closed != 0 }

// Abandon records that the application has closed the connection, and does not read any
// more.
func (l *Lifecycle) Abandon() { l.word.Or(abandoned) }

// Abandoned reports whether Abandon has been called.
func (l *Lifecycle) Abandoned() bool { return l.word.Load()&abandoned != 0 }

// Count records that the Server has counted the end of the connection.
func (l *Lifecycle) Count() { l.word.Or(counted) }

// Counted reports whether the Server has counted the end of the connection.
func (l *Lifecycle) Counted() bool { return l.word.Load()&counted != 0 }
