package codec

import "testing"

// forEachSet calls f with every set of implementations that this machine can
// run: the portable one, and those in assembly, by the switch of each.
func forEachSet(f func(name string)) {
	for _, set := range kernels {
		if !*set.use {
			continue // not on this machine
		}
		f(set.name)
		*set.use = false
		defer func() { *set.use = true }()
	}
	f(portable)
}

// portable is the set that is always there.
const portable = "generic"

// kernelSet is a set of kernels in assembly and what switches it.
type kernelSet struct {
	name string
	use  *bool
}

// runEachSet runs test as a subtest for every set of implementations.
func runEachSet(t *testing.T, test func(t *testing.T)) {
	forEachSet(func(name string) { t.Run(name, test) })
}
