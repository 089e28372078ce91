//go:build !purego

package codec

import "golang.org/x/sys/cpu"

// useAVX2 chooses the kernels in *_amd64.s. Tests switch it.
var useAVX2 = cpu.X86.HasAVX2
