package session

import (
	"runtime"
	"sync/atomic"
)

// Lifecycle is where a connection stands: open, ending for one cause, and closed. All
// methods are atomic.
type Lifecycle struct {
	cause error // set once, before ending
	word  atomic.Uint32
}

// The steps, in any order but that of the first two.
const (
	recording uint32 = 1 << iota // cause is being set
	ending                       // cause is set
	closed                       // the connection has ended
	abandoned                    // the application has closed it, and reads no more
	counted                      // the Server has counted its end
)

// End records cause as what ends the connection, unless there is one, and returns the
// one there is.
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

// Cause returns what ends the connection, nil if nothing does.
func (l *Lifecycle) Cause() error {
	if l.word.Load()&ending == 0 {
		return nil
	}
	return l.cause
}

// Close records that the connection has ended. It reports whether it had not: the
// caller then does what belongs to its end.
func (l *Lifecycle) Close() bool { return l.word.Or(closed)&closed == 0 }

// Closed reports whether the connection has ended.
func (l *Lifecycle) Closed() bool { return l.word.Load()&closed != 0 }

// Abandon records that the application reads no more.
func (l *Lifecycle) Abandon() { l.word.Or(abandoned) }

// Abandoned reports whether the application reads no more.
func (l *Lifecycle) Abandoned() bool { return l.word.Load()&abandoned != 0 }

// Count records that the Server has counted the end of the connection.
func (l *Lifecycle) Count() { l.word.Or(counted) }

// Counted reports whether the Server has counted the end of the connection.
func (l *Lifecycle) Counted() bool { return l.word.Load()&counted != 0 }
