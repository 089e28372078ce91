package inspect

import (
	"bytes"
	"encoding/binary"
)

// sampleSize is how much of a stream is read at once, and looked at to find out
// what it is, in bytes.
const sampleSize = 64 << 10

// captureMagic is the beginning of a pcapng file.
var captureMagic = [4]byte{0x0A, 0x0D, 0x0D, 0x0A}

// detect names the format of what begins with sample.
func detect(sample []byte) string {
	switch {
	case isCapture(sample):
		return "pcap"
	case isHex(sample):
		return "hex"
	}
	return "raw"
}

// isCapture knows pcap by its magic number, in both byte orders, with micro- and
// nanoseconds, and pcapng by its first block's.
func isCapture(b []byte) bool {
	if len(b) < 4 {
		return false
	}
	if [4]byte(b) == captureMagic {
		return true
	}
	for _, n := range []uint32{binary.BigEndian.Uint32(b), binary.LittleEndian.Uint32(b)} {
		if n == 0xA1B2C3D4 || n == 0xA1B23C4D {
			return true
		}
	}
	return false
}

// isHex reports whether the lines of sample are a hex dump. The last one may be
// incomplete.
func isHex(sample []byte) bool {
	var d dump
	some := false
	for line := range bytes.Lines(sample) {
		if line[len(line)-1] != '\n' && some {
			break
		}
		p, err := d.line(nil, line)
		if err != nil {
			return false
		}
		some = some || len(p) > 0
	}
	return some
}
