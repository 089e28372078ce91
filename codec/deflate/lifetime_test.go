package deflate_test

import (
	"bytes"
	"testing"

	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/internal/wstest"
	"github.com/zerowire/websocket/pool"
)

// TestDetach leaves messages to whoever has them, whole and in the middle: what was
// handed out stays as it is, whatever is inflated next, and what was begun goes on.
func TestDetach(t *testing.T) {
	p := wstest.TextPayload(3000)
	c := new(wstest.Deflater).Message(p)
	for _, takeover := range []bool{false, true} {
		lent := pool.Lent()
		d := deflate.Decompressor{Takeover: takeover}
		d.Detach() // of nothing
		if got := d.Message(); got != nil {
			t.Errorf("Message before the first one is %q, want nil", got)
		}
		if _, err := d.Write(c, true); err != nil {
			t.Fatal(err)
		}
		whole := d.Message()
		d.Detach()
		if _, err := d.Write(c[:len(c)/2], false); err != nil {
			t.Fatal(err)
		}
		half := d.Message()
		if len(half) == 0 || len(half) == len(p) {
			t.Fatalf("half of the payload is %d bytes of the message of %d", len(half), len(p))
		}
		d.Detach()
		if _, err := d.Write(c[len(c)/2:], true); err != nil {
			t.Fatal(err)
		}
		rest := d.Message()
		if got := append(bytes.Clone(half), rest...); !bytes.Equal(got, p) {
			t.Errorf("takeover %v: a message that was left in the middle is %.40q… of %d bytes", takeover, got, len(got))
		}
		d.Release()
		if _, err := d.Write(new(wstest.Deflater).Message(bytes.Repeat([]byte{'!'}, 6000)), true); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(whole, p) || !bytes.HasPrefix(p, half) {
			t.Errorf("takeover %v: a message that was left to its holder has changed", takeover)
		}
		d.Reset()
		if got := pool.Lent(); got != lent {
			t.Errorf("takeover %v: %d buffers are lent, %d were before", takeover, got, lent)
		}
	}
}

// TestStreamBehindMessage goes on by Feed and Next with a message that Write has begun in
// a buffer too small for pieces.
func TestStreamBehindMessage(t *testing.T) {
	p := wstest.TextPayload(200_000)
	c := new(wstest.Deflater).Message(p)
	for _, cut := range []int{1, 50, len(c) / 2, len(c) - 1} {
		var d deflate.Decompressor
		if _, err := d.Write(c[:cut], false); err != nil {
			t.Fatal(err)
		}
		got := bytes.Clone(d.Message())
		rest, err := stream(&d, c[cut:])
		if got = append(got, rest...); err != nil || !bytes.Equal(got, p) {
			t.Errorf("cut at %d of %d: %d bytes, %v; want %d", cut, len(c), len(got), err, len(p))
		}
		d.Reset()
	}
}

// TestSkipWithoutTakeover: what others have sent means nothing to a Compressor whose
// messages refer to none.
func TestSkipWithoutTakeover(t *testing.T) {
	p := wstest.TextPayload(2000)
	var z deflate.Compressor
	first, _ := z.Append(nil, p)
	z.Skip(p)
	second, smaller := z.Append(nil, p)
	if !smaller || !bytes.Equal(first, second) {
		t.Errorf("behind Skip the message becomes %d bytes, %d before", len(second), len(first))
	}
	z.Reset()
}
