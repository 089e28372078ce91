package wstest

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"sync"
)

// StdInflate inflates a message as [Inflater.Message] does, with the standard
// library and its window of 32 KiB, behind what was inflated before. It is the
// second opinion where nothing but that window was agreed on.
//
// compress/flate knows no messages: it wants a final block at the end, and stops
// behind every other one. Two different blocks are tried as the end, so that damaged
// data cannot make sense of one by chance.
func StdInflate(before, payload []byte, limit int) ([]byte, error) {
	out, err := stdInflate(before, payload, []byte{0x03, 0x00}, limit)
	if err != nil {
		return nil, err
	}
	again, err := stdInflate(before, payload, []byte{0x01, 0x00, 0x00, 0xFF, 0xFF}, limit)
	if err == nil && !bytes.Equal(out, again) {
		err = errTruncated
	}
	return out, err
}

// stdReaders keeps readers, of 40 KiB each: fuzzing would make nothing but those.
var stdReaders = sync.Pool{New: func() any { return flate.NewReader(nil) }}

func stdInflate(before, payload, end []byte, limit int) ([]byte, error) {
	behind := len(DeflateTail) + len(end)
	in := bytes.NewReader(bytes.Join([][]byte{payload, DeflateTail, end}, nil)) // an io.ByteReader: nothing is read ahead
	out := bytes.Clone(before)
	r := stdReaders.Get().(io.ReadCloser)
	defer stdReaders.Put(r)
	for final := false; in.Len() > 0; final = true {
		if final && in.Len() == behind {
			break // the message ended with a final block, and nothing was cut off
		}
		r.(flate.Resetter).Reset(in, out[max(0, len(out)-1<<15):])
		from := io.Reader(r)
		if limit > 0 {
			from = io.LimitReader(r, int64(len(before)+limit-len(out)+1))
		}
		p, err := io.ReadAll(from)
		if out = append(out, p...); limit > 0 && len(out)-len(before) > limit {
			return nil, ErrInflateLimit
		}
		if err != nil {
			return nil, errors.Join(errTruncated, err)
		}
	}
	return out[len(before):], nil
}
