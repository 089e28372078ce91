package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unsafe"

	"github.com/klauspost/compress/flate"

	"github.com/zerowire/websocket/internal/loadgen"
)

// Deflate says whether messages are compressed (RFC 7692), and whether those of the
// server may refer to earlier ones. Those of the generator never do, so that it
// can make them beforehand.
type Deflate uint8

// The ways.
const (
	Off      Deflate = iota
	Alone            // each message by itself
	Takeover         // the server may take its context over
)

// offer is the header line of the request, with its end.
func (d Deflate) offer() string {
	switch d {
	case Alone:
		return "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n"
	case Takeover:
		return "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	}
	return ""
}

// accepted reports whether the head of a response agrees to the offer.
func (d Deflate) accepted(head []byte) bool {
	agreed := bytes.Contains(head, []byte("permessage-deflate"))
	alone := bytes.Contains(head, []byte("server_no_context_takeover"))
	return agreed == (d != Off) && (d != Takeover || !alone)
}

// tail is removed from the end of a compressed message.
var tail = []byte{0x00, 0x00, 0xFF, 0xFF}

// Deflated returns the batch with its messages sent compressed.
func (b Batch) Deflated() Batch {
	packed := Batch{&loadgen.Script{Opcode: b.Opcode}}
	for i := range b.Len() {
		p := b.Payload(i)
		var z bytes.Buffer
		w, _ := flate.NewWriter(&z, flate.DefaultCompression) // the level is a valid one
		w.Write(p)
		w.Flush()
		packed.AppendCompressed(p, bytes.TrimSuffix(z.Bytes(), tail), [4]byte{7, 8, 9, byte(len(p))})
	}
	return packed
}

// inflater checks the compressed messages of one connection.
type inflater struct {
	takeover bool
	known    map[*byte][]byte               // what has been found to be a payload, compressed alone
	window   []byte                         // the end of what was inflated, if takeover
	in       bytes.Reader                   // what r reads
	r        io.ReadCloser                  // reused
	packed   []byte                         // what is inflated, with an end
	got      []byte                         // what it was inflated to
	wire     struct{ plain, packed uint64 } // bytes that arrived, inflated and as sent
}

// check reports whether p is want, compressed.
func (z *inflater) check(p, want []byte) error {
	z.wire.plain += uint64(len(want))
	z.wire.packed += uint64(len(p))
	id := unsafe.SliceData(want)
	if known, ok := z.known[id]; ok && bytes.Equal(known, p) {
		return nil
	}
	z.packed = append(append(z.packed[:0], p...), tail...)
	z.packed = append(z.packed, 1, 0, 0, 0xFF, 0xFF) // an empty last block, for the reader
	z.in.Reset(z.packed)
	if z.r == nil {
		z.r = flate.NewReaderDict(&z.in, z.window)
	} else if err := z.r.(flate.Resetter).Reset(&z.in, z.window); err != nil {
		return err
	}
	if len(z.got) < len(want)+1 {
		z.got = make([]byte, len(want)+1)
	}
	n, err := io.ReadFull(z.r, z.got[:len(want)+1])
	if err != io.ErrUnexpectedEOF && err != io.EOF {
		return fmt.Errorf("load: message of %d bytes does not inflate to its size: %w", len(want), errors.Join(err, errSize))
	}
	if !bytes.Equal(z.got[:n], want) {
		return fmt.Errorf("load: compressed message differs, or inflates to %d bytes, want %d", n, len(want))
	}
	if z.takeover {
		z.window = append(z.window, want...)
		z.window = z.window[max(0, len(z.window)-32<<10):]
		return nil
	}
	z.known[id] = bytes.Clone(p)
	return nil
}

var errSize = errors.New("longer than expected")
