package differential

import (
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/pipe"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzGorilla: gorilla/websocket receives the same messages from the same bytes, and
// ends in the same way, but for what is in the table of differences.
func FuzzGorilla(f *testing.F) { fuzzReceive(f, others[0]) }

// FuzzCoder is FuzzGorilla for coder/websocket.
func FuzzCoder(f *testing.F) { fuzzReceive(f, others[1]) }

// FuzzGobwas is FuzzGorilla for gobwas/ws, without compression.
func FuzzGobwas(f *testing.F) { fuzzReceive(f, others[2]) }

// extension is what is agreed on if messages are compressed: the one form of it that
// all know.
const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

// The bits of options.
const (
	asClient = 1 << iota
	compressed
)

func fuzzReceive(f *testing.F, theirs library) {
	for _, options := range []byte{0, asClient} {
		wire := func(frames ...wstest.Frame) (b []byte) {
			for _, f := range frames {
				if options == asClient {
					b = f.Append(b)
				} else {
					b = f.AppendMasked(b, wstest.RFCKey)
				}
			}
			return b
		}
		for _, c := range wstest.Cases("1", "2", "3", "4", "5", "6", "7") {
			if b := c.Bytes(options != asClient); len(b) < 1000 {
				f.Add(b, options, uint16(len(b)))
			}
		}
		for _, v := range wstest.DeflateVectors {
			if b := wire(v.Frames...); len(b) < 1000 {
				f.Add(b, options|compressed, uint16(1))
			}
		}
		for _, v := range wstest.InvalidHeaders {
			f.Add(v.Wire, options, uint16(1))
		}
		f.Add(wire(wstest.Text("a"), wstest.Ping("b"), wstest.Close(1000, "")), options, uint16(2))
	}
	f.Fuzz(func(t *testing.T, stream []byte, options byte, size uint16) {
		agreed := ""
		if options&compressed != 0 {
			agreed = extension
		}
		if len(stream) > 16<<10 || agreed != "" && len(stream) > 4<<10 {
			return
		}
		role := codec.Role(options & asClient)
		d := compare(t, theirs, finished(stream, role), role, agreed, int(size)+1)
		if !d.none() && !slices.ContainsFunc(differences, d.is) {
			t.Fatalf("of % x a %v makes\n %v\n%s makes\n %v", d.stream, d.role, d.ours, theirs.name, d.theirs)
		}
	})
}

// compare has both libraries receive stream.
func compare(t *testing.T, theirs library, stream []byte, role codec.Role, agreed string, size int) *difference {
	t.Helper()
	if theirs.name == "gobwas" {
		agreed = ""
	}
	return &difference{
		library: theirs.name, stream: stream, role: role, deflated: agreed != "",
		ours:   receive(t, ours, stream, role, agreed, size),
		theirs: receive(t, theirs, stream, role, agreed, size),
	}
}

// finished returns stream with its last frame filled up with zeros, and behind that the
// end of the message that it has begun: when a library looks at what is not whole is of
// no interest. Of a frame that claims too much nothing is left but the header.
func finished(stream []byte, role codec.Role) []byte {
	begun := false
	for at := 0; at < len(stream); {
		first := stream[at]
		size, length := headerSize(stream[at:])
		if missing := at + size - len(stream); missing > 0 {
			stream = slices.Concat(stream, make([]byte, missing))
		}
		switch header := stream[at:]; length {
		case 126:
			length = uint64(binary.BigEndian.Uint16(header[2:]))
		case 127:
			length = binary.BigEndian.Uint64(header[2:])
		}
		if length > 16<<10 {
			return stream[:at+size]
		}
		at += size + int(length)
		if missing := at - len(stream); missing > 0 {
			stream = slices.Concat(stream, make([]byte, missing))
		}
		if first&0x8 == 0 {
			begun = first&0x80 == 0
		}
	}
	switch end := wstest.Continuation(""); {
	case !begun:
		return stream
	case role == codec.Server:
		return end.AppendMasked(slices.Clip(stream), wstest.RFCKey)
	default:
		return end.Append(slices.Clip(stream))
	}
}

// headerSize returns the size of the header that b begins with, and the seven bits of
// its length.
func headerSize(b []byte) (size int, length uint64) {
	size = 2
	if len(b) == 1 {
		return size, 0
	}
	if b[1]&0x80 != 0 {
		size += 4
	}
	length = uint64(b[1] & 0x7F)
	switch length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	return size, length
}

// receive returns what l makes of stream, in pieces of a size.
func receive(t *testing.T, l library, stream []byte, role codec.Role, extension string, size int) (v verdict) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := pipe.New()
		defer far.Close()
		far.Write(stream)
		far.CloseWrite()
		var err error
		if v, err = observe(l, wstest.Chop(near, size), role, extension); err != nil {
			t.Fatalf("%s: opening handshake: %v", l.name, err)
		}
	})
	return v
}
