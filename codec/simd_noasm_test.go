//go:build purego || !(amd64 || arm64)

package codec

var kernels []kernelSet
