//go:build !purego

package codec

var kernels = []kernelSet{{"AVX2", &useAVX2}}
