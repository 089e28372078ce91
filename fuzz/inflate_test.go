package fuzz

import (
	"bytes"
	"errors"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
)

// FuzzInflate: a Decompressor makes of any bytes what two others do, one of them
// the standard library, or fails as they do; at the limit, not before and not
// behind it; however the payload is cut, and in both ways of taking the message.
func FuzzInflate(f *testing.F) {
	for _, v := range wstest.DeflateVectors {
		for _, frame := range v.Frames {
			if len(frame.Payload) < 2000 {
				seed(f, frame.Payload, uint16(0), uint16(1), uint16(3))
				seed(f, frame.Payload, uint16(5), uint16(4), uint16(0))
			}
		}
	}
	seed(f, wstest.Bomb(100_000), uint16(2000), uint16(7), uint16(1))
	seed(f, wstest.EmptyBlocks(10), uint16(1), uint16(7), uint16(1))
	seed(f, wstest.EmptyFixedBlocks(10), uint16(1), uint16(7), uint16(1))
	seed(f, wstest.MatchOnly(70), uint16(100), uint16(1), uint16(1))
	for _, kind := range []wstest.PayloadKind{wstest.JSON, wstest.Bitmap, wstest.Prose, wstest.HTML, wstest.PDF} {
		seed(f, new(wstest.Deflater).Message(kind.Message(1, 900)), uint16(0), uint16(100), uint16(13))
	}
	before := wstest.TextPayload(300)
	compressed := new(wstest.Deflater).Message(before)

	f.Fuzz(func(t *testing.T, payload []byte, max, first, then uint16) {
		limit := int(max)
		if limit == 0 {
			limit = 1 << 20 // the fuzzer's patience
		}
		oracle := wstest.Inflater{}
		if _, err := oracle.Message(compressed); err != nil {
			t.Fatal(err)
		}
		oracle.Limit = limit
		want, wantErr := oracle.Message(payload)
		if len(payload) > 0 { // the standard library knows no end of the message behind nothing
			std, stdErr := wstest.StdInflate(before, payload, limit)
			if (wantErr == nil) != (stdErr == nil) || wantErr == nil && !bytes.Equal(want, std) {
				t.Fatalf("of % x the oracle makes %d bytes, %v; compress/flate %d bytes, %v", payload, len(want), wantErr, len(std), stdErr)
			}
		}
		for _, sizes := range [][]int{nil, {1}, {int(first) + 1, int(then) + 1}} {
			for way, inflate := range map[string]func(*deflate.Decompressor, []byte, []int) ([]byte, error){"Write": writeAll, "Feed": feedAll} {
				d := deflate.Decompressor{Takeover: true}
				if _, err := d.Write(compressed, true); err != nil {
					t.Fatal(err)
				}
				d.MaxMessage = uint64(limit)
				got, err := inflate(&d, payload, sizes)
				if !sameVerdict(err, wantErr) || err == nil && !bytes.Equal(got, want) {
					t.Fatalf("of % x, in pieces of %d, %s makes %d bytes, %v; want %d, %v", payload, sizes, way, len(got), err, len(want), wantErr)
				}
				if len(got) > limit {
					t.Fatalf("%s hands out %d bytes, the limit is %d", way, len(got), limit)
				}
				d.Reset()
			}
		}
	})
}

// sameVerdict compares an error of the Decompressor with one of the oracle.
func sameVerdict(err, want error) bool {
	switch {
	case want == nil:
		return err == nil
	case errors.Is(want, wstest.ErrInflateLimit):
		return err == codec.ErrMessageTooBig
	}
	return err == codec.ErrDeflate
}

// writeAll inflates a message with Write.
func writeAll(d *deflate.Decompressor, payload []byte, sizes []int) ([]byte, error) {
	var pieces []byte
	for piece := range wstest.Pieces(payload, sizes...) {
		p, err := d.Write(bytes.Clone(piece), false)
		if pieces = append(pieces, p...); err != nil {
			return pieces, err
		}
	}
	p, err := d.Write(nil, true)
	if pieces = append(pieces, p...); err != nil {
		return pieces, err
	}
	if whole := d.Message(); !bytes.Equal(whole, pieces) {
		return nil, errors.New("Message differs from what Write has returned")
	}
	return pieces, nil
}

// feedAll inflates a message with Feed and Next.
func feedAll(d *deflate.Decompressor, payload []byte, sizes []int) (message []byte, err error) {
	take := func() (done bool, err error) {
		for {
			p, done, err := d.Next()
			message = append(message, p...)
			if done || err != nil {
				return done, err
			}
		}
	}
	for piece := range wstest.Pieces(payload, sizes...) {
		d.Feed(bytes.Clone(piece), false)
		if _, err := take(); err != codec.ErrShort {
			return message, err
		}
	}
	d.Feed(nil, true)
	done, err := take()
	if err == nil && !done {
		err = errors.New("Next does not end the message")
	}
	return message, err
}

// FuzzDeflate: what a Compressor makes of messages, cut anywhere, whole or in
// fragments, comes out as it was, within exactly the window and the context that
// were agreed on; and is never larger than the message, if that is whole.
func FuzzDeflate(f *testing.F) {
	for _, kind := range []wstest.PayloadKind{wstest.JSON, wstest.Bitmap, wstest.Prose, wstest.HTML, wstest.PDF} {
		seed(f, kind.Message(1, 3000), byte(0), byte(0), uint16(700), uint16(800))
		seed(f, kind.Message(1, 3000), byte(deflateTakeover), byte(9), uint16(1000), uint16(1))
		seed(f, kind.Message(1, 3000), byte(deflateTakeover|deflateFragments), byte(15), uint16(100), uint16(1))
		seed(f, kind.Message(1, 2000), byte(deflateFragments), byte(8), uint16(300), uint16(300))
	}
	seed(f, wstest.JSON.Message(1, 3000), byte(deflateTakeover|deflateShared), byte(9), uint16(400), uint16(300))
	seed(f, wstest.JSON.Message(1, 3000), byte(deflateTakeover|deflateShared|deflateFragments), byte(15), uint16(400), uint16(300))
	seed(f, []byte{}, byte(deflateFragments), byte(8), uint16(300), uint16(300))
	seed(f, make([]byte, 5000), byte(deflateTakeover), byte(8), uint16(300), uint16(2000))
	f.Fuzz(func(t *testing.T, data []byte, options, bits byte, first, then uint16) {
		windowBits := 8 + int(bits%8)
		takeover := options&deflateTakeover != 0
		c := deflate.Compressor{Takeover: takeover, WindowBits: windowBits, Level: int(options >> 4 % 10)}
		defer c.Reset()
		other := deflate.Compressor{Takeover: takeover, WindowBits: windowBits, Level: c.Level}
		defer other.Reset()
		z := wstest.Inflater{Window: 1 << windowBits, NoTakeover: !takeover}
		d := deflate.Decompressor{Takeover: takeover}
		defer d.Reset()
		var before []byte
		messages := 0
		for piece := range wstest.Pieces(data, int(first)+1, int(then)+1) {
			if messages++; messages > 12 {
				return
			}
			if options&deflateShared != 0 {
				other.Append(nil, data[:min(len(data), 500)])
			}
			message := bytes.Clone(piece)
			payload, compressed := compress(&c, message, options&deflateFragments != 0)
			if !bytes.Equal(message, piece) {
				t.Fatalf("the message was changed, from % x to % x", piece, message)
			}
			if !compressed {
				continue // it is sent as it is
			}
			got, err := z.Message(payload)
			if err != nil || !bytes.Equal(got, piece) {
				t.Fatalf("message %d, % x, is compressed to % x, which inflates to % x, %v", messages, piece, payload, got, err)
			}
			if !takeover {
				before = nil
			}
			got, err = wstest.StdInflate(before, payload, 0)
			if err != nil || !bytes.Equal(got, piece) {
				t.Fatalf("message %d, % x, is compressed to % x, which compress/flate inflates to % x, %v", messages, piece, payload, got, err)
			}
			got, err = d.Write(payload, true)
			if err != nil || !bytes.Equal(got, piece) {
				t.Fatalf("message %d, % x, is compressed to % x, which our Decompressor inflates to % x, %v", messages, piece, payload, got, err)
			}
			before = append(before, piece...)
		}
	})
}

// The bits of options.
const (
	deflateTakeover = 1 << iota
	deflateFragments
	deflateShared // another Compressor takes what this one has used, in between
)

// compress compresses a message whole, if that makes it smaller, or in three
// fragments.
func compress(c *deflate.Compressor, message []byte, fragments bool) (payload []byte, compressed bool) {
	if !fragments {
		return c.Append(nil, message)
	}
	third := len(message) / 3
	payload = c.AppendFragment(payload, message[:third], false)
	payload = c.AppendFragment(payload, message[third:2*third], false)
	return c.AppendFragment(payload, message[2*third:], true), true
}
