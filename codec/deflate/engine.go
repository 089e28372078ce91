package deflate

import "github.com/klauspost/compress/flate"

// An engine is a compressor of package flate, which is large, and where it writes.
type engine struct {
	w     *flate.Writer
	out   sink
	owner uint64 // id of the Compressor that it served last: it still knows its window; 0 if it knows nobody's
}

// sink is the end of an engine's writing: a slice that grows.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// engines keeps those for each level with the largest window, and those for each
// smaller window, for which there is but one level.
var (
	byLevel  [10]shelf[engine]
	byWindow [maxWindowBits]shelf[engine]
)

// newEngine makes an engine. The arguments are valid.
func newEngine(level, windowBits int) *engine {
	e := new(engine)
	if windowBits < maxWindowBits {
		e.w, _ = flate.NewWriterWindow(&e.out, 1<<windowBits)
	} else {
		e.w, _ = flate.NewWriter(&e.out, level)
	}
	return e
}

// compress appends p compressed, and the empty block behind it.
func (e *engine) compress(dst, p []byte) []byte {
	e.out.b = dst
	e.w.Write(p) // the sink takes everything
	e.w.Flush()
	return e.out.b
}
