//go:build !purego

package codec

var kernels = []kernelSet{{"NEON", &useNEON}}
