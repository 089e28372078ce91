package load

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Pace lets every connection send a batch once in interval, until d is over. The sends are
// spread evenly over interval: connections that send rarely rarely send at the same time.
// It returns the number of messages that came back. A batch that has not come back within
// interval is an error.
func (f *Fleet) Pace(d, interval time.Duration) (messages int, err error) {
	conns := slices.Collect(maps.Keys(f.conns))
	step := interval / time.Duration(len(conns))
	sends, sent := int(d/step), 0
	received := func(c *conn) error {
		messages += c.Script.Len()
		f.waiting--
		return nil
	}
	begin, progress := time.Now(), time.Now()
	for f.waiting = 0; sent < sends || f.waiting > 0; {
		now := time.Now()
		// What was not sent because the machine did something else is not due at once: no
		// batch could come back in between.
		if late := now.Sub(begin) - step*time.Duration(sent); sent < sends && late > interval {
			begin = begin.Add(late)
		}
		for ; sent < sends && now.Sub(begin) >= step*time.Duration(sent); sent++ {
			c := conns[sent%len(conns)]
			if c.owed {
				return messages, fmt.Errorf("%w: a batch did not come back within %v", errHanging, interval)
			}
			if err := c.sendBatch(); err != nil {
				return messages, err
			}
			f.waiting++
		}
		wait := progress.Add(f.Stall).Sub(now)
		if sent < sends {
			wait = begin.Add(step * time.Duration(sent)).Sub(now)
		}
		n, err := f.turn(wait, received)
		if err != nil {
			return messages, err
		}
		if n > 0 {
			progress = now
		} else if f.waiting > 0 && now.Sub(progress) >= f.Stall {
			return messages, fmt.Errorf("%w: %d of %d connections wait for it", errHanging, f.waiting, len(conns))
		}
	}
	return messages, nil
}
