package deflate

import "github.com/klauspost/compress/flate"

// An engine is a writer of package flate, which is large, together with its output.
type engine struct {
	w     *flate.Writer
	out   sink
	owner uint64 // id of the last Compressor, whose window it still has; 0 for none
}

// sink is the output of an engine: a slice that grows.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// The free lists of engines: one per level for the largest window, and one per smaller
// window. For those, package flate has only one level.
var (
	byLevel  [10]freeList[engine]
	byWindow [maxWindowBits]freeList[engine]
)

// newEngine returns a new engine. The arguments must be valid.
func newEngine(level, windowBits int) *engine {
	e := new(engine)
	if windowBits < maxWindowBits {
		e.w, _ = flate.NewWriterWindow(&e.out, 1<<windowBits)
	} else {
		e.w, _ = flate.NewWriter(&e.out, level)
	}
	return e
}

// compress appends p, compressed, and an empty block.
func (e *engine) compress(dst, p []byte) []byte {
	e.out.b = dst
	e.w.Write(p) // the sink takes everything
	e.w.Flush()
	return e.out.b
}
