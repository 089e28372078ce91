package fuzz

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// seed adds a seed to a target, as F.Add does. With LIBFUZZER_SEEDS in the environment it
// writes the seed into that directory, too, for the engine of OSS-Fuzz, which F.Add does
// not reach. Targets in oss-fuzz/build.sh take their seeds from here.
func seed(f *testing.F, args ...any) {
	f.Add(args...)
	dir := os.Getenv("LIBFUZZER_SEEDS")
	if dir == "" {
		return
	}
	input := libFuzzerInput(args)
	name := fmt.Sprintf("%x", sha256.Sum256(input))
	if err := os.WriteFile(filepath.Join(dir, name[:16]), input, 0o644); err != nil {
		f.Fatal(err)
	}
}

// libFuzzerInput returns the input of which go-118-fuzz-build, at the version that
// oss-fuzz/build.sh names, makes args. A byte behind all of them is not read: what is
// empty and stands at the end needs it.
func libFuzzerInput(args []any) []byte {
	input := []byte{0}
	for i := len(args) - 1; i >= 0; i-- {
		input = append(libFuzzerValue(args[i], len(input)), input...)
	}
	return input
}

// libFuzzerValue returns one value of an input, which after other bytes follow.
func libFuzzerValue(arg any, after int) []byte {
	const bigEndian = 1
	switch v := arg.(type) {
	case byte:
		return []byte{v}
	case bool:
		if v {
			return []byte{0}
		}
		return []byte{1}
	case uint16:
		return append(binary.BigEndian.AppendUint16(nil, v), bigEndian)
	case uint32:
		return binary.BigEndian.AppendUint32(nil, v)
	case string:
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(v))), v...)
	case []byte:
		size := len(v)
		if size == 0 {
			size = 2 * after // taken modulo what is left; 0 would stand for 30
		}
		return append(binary.BigEndian.AppendUint32(nil, uint32(size)), v...)
	}
	panic(fmt.Sprintf("no form for a seed of type %T", arg))
}
