//go:build !purego

package codec

import "golang.org/x/sys/cpu"

// useAVX2 selects the kernels in *_amd64.s. Tests change it.
var useAVX2 = cpu.X86.HasAVX2
