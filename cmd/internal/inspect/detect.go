package inspect

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"

	"github.com/zerowire/websocket/cmd/internal/recording"
)

// sampleSize is how much of a stream is read at once, and looked at to find out
// what it is, in bytes.
const sampleSize = 64 << 10

// ngMagic is the beginning of a pcapng file, and captureMagics are those of all captures:
// of pcap in both byte orders, with micro- and nanoseconds.
const ngMagic = "\x0A\x0D\x0D\x0A"

var captureMagics = []string{ngMagic, "\xA1\xB2\xC3\xD4", "\xD4\xC3\xB2\xA1", "\xA1\xB2\x3C\x4D", "\x4D\x3C\xB2\xA1"}

// detect names the format of what begins with sample. It refuses what is known to be
// something else than what is inspected.
func detect(sample []byte) (format string, err error) {
	kind := mimetype.Detect(sample)
	switch {
	case slices.Contains(captureMagics, string(sample[:min(len(sample), len(ngMagic))])):
		return "pcap", nil
	case isHex(sample):
		return "hex", nil
	case recording.IsRecording(sample):
		return "recording", nil
	case recording.IsArchive(sample):
		return "har", nil
	case kind.Is("application/gzip"):
		return "gzip", nil
	case kind.Is("application/zstd"):
		return "zstd", nil
	case startOf(sample) == startsRequest, startOf(sample) == startsResponse:
		return "raw", nil
	}
	for name, magic := range otherCaptures {
		if bytes.HasPrefix(sample, magic) {
			return "", fmt.Errorf("this is %s, which is not read: convert it, for example with tcpdump -r FILE -w NEW", name)
		}
	}
	text := kind.Is("text/plain")
	for parent := kind; parent != nil; parent = parent.Parent() {
		text = text || parent.Is("text/plain")
	}
	if text && !utf8.Valid(sample[:len(sample)-min(len(sample)-1, utf8.UTFMax)]) || kind.Is("application/octet-stream") {
		return "raw", nil
	}
	return "", fmt.Errorf("this is %s, and neither a capture, a recording, an HTTP archive, a hex dump nor the bytes of a WebSocket stream: --format says that it is one of them", kind)
}

// otherCaptures are formats of captures that are not read.
var otherCaptures = map[string][]byte{
	"a capture in the \"modified\" pcap format": {0x34, 0xCD, 0xB2, 0xA1},
	"a capture in snoop's format":               []byte("snoop\x00"),
	"a capture of Network Monitor":              []byte("GMBU"),
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
