package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
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

// rsv1 marks a compressed message in the first byte of its first frame.
const rsv1 = 0x40

// tail is cut off the end of a compressed message.
var tail = []byte{0x00, 0x00, 0xFF, 0xFF}

// Deflated returns the batch with its messages sent compressed.
func (b Batch) Deflated() Batch {
	packed := Batch{}
	for _, m := range b.Messages {
		var z bytes.Buffer
		w, _ := flate.NewWriter(&z, flate.DefaultCompression) // the level is a valid one
		w.Write(m.Payload)
		w.Flush()
		m.Frame = appendFrame(nil, m.Opcode, bytes.TrimSuffix(z.Bytes(), tail), [4]byte{7, 8, 9, byte(len(m.Payload))})
		m.Frame[0] |= rsv1
		packed.Messages = append(packed.Messages, m)
		packed.Wire = append(packed.Wire, m.Frame...)
	}
	return packed
}

// inflater checks the compressed messages of one connection.
type inflater struct {
	takeover bool
	packed   []byte                         // payload of the message that is arriving
	known    map[*Message][]byte            // what has been found to be a message's payload, compressed alone
	window   []byte                         // the end of what was inflated, if takeover
	r        io.ReadCloser                  // reused
	got      []byte                         // inflated
	in       bytes.Reader                   // what r reads
	wire     struct{ plain, packed uint64 } // bytes that arrived, inflated and as sent
}

// check reports whether the payload that has arrived is m, compressed.
func (z *inflater) check(m *Message) error {
	defer func() { z.packed = z.packed[:0] }()
	z.wire.plain += uint64(len(m.Payload))
	z.wire.packed += uint64(len(z.packed))
	if known, ok := z.known[m]; ok && bytes.Equal(known, z.packed) {
		return nil
	}
	z.packed = append(z.packed, tail...)
	z.packed = append(z.packed, 1, 0, 0, 0xFF, 0xFF) // an empty last block, for the reader
	z.in.Reset(z.packed)
	if z.r == nil {
		z.r = flate.NewReaderDict(&z.in, z.window)
	} else if err := z.r.(flate.Resetter).Reset(&z.in, z.window); err != nil {
		return err
	}
	if len(z.got) < len(m.Payload)+1 {
		z.got = make([]byte, len(m.Payload)+1)
	}
	n, err := io.ReadFull(z.r, z.got[:len(m.Payload)+1])
	if err != io.ErrUnexpectedEOF && err != io.EOF {
		return fmt.Errorf("load: message of %d bytes does not inflate to its size: %w", len(m.Payload), errors.Join(err, errSize))
	}
	if !bytes.Equal(z.got[:n], m.Payload) {
		return fmt.Errorf("load: compressed message differs, or inflates to %d bytes, want %d", n, len(m.Payload))
	}
	if z.takeover {
		z.window = append(z.window, m.Payload...)
		z.window = z.window[max(0, len(z.window)-32<<10):]
		return nil
	}
	z.known[m] = bytes.Clone(z.packed[:len(z.packed)-len(tail)-5])
	return nil
}

var errSize = errors.New("longer than expected")
