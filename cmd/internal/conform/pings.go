package conform

import (
	"bufio"
	"io"

	"github.com/zerowire/websocket/codec"
)

// pingFilter reads a server's frames and leaves out its Pings, which it may send
// whenever it likes: the suite wants what a case makes the server send, and
// nothing else. They are not answered, because the suite may be in the middle of
// a frame. An ill-formed Ping is passed on, to be judged.
type pingFilter struct {
	in   *bufio.Reader
	pass uint64 // bytes of a frame to be passed on before the next header
	raw  bool   // these are no frames any more
}

func newPingFilter(r io.Reader) *pingFilter { return &pingFilter{in: bufio.NewReaderSize(r, 16<<10)} }

// Read reads at least a byte of what is no Ping.
func (f *pingFilter) Read(b []byte) (int, error) {
	for f.pass == 0 && !f.raw {
		if err := f.nextFrame(); err != nil {
			return 0, err
		}
	}
	if f.raw {
		return f.in.Read(b)
	}
	n, err := f.in.Read(b[:min(uint64(len(b)), f.pass)])
	f.pass -= uint64(n)
	return n, err
}

// nextFrame finds out how long the next frame is, or skips it.
func (f *pingFilter) nextFrame() error {
	var h codec.Header
	var size int
	for n := 2; ; n++ {
		b, err := f.in.Peek(n)
		if len(b) == 0 {
			return err
		}
		parsed, length, wrong := codec.ParseHeader(b)
		if wrong == codec.ErrShort && err == nil {
			continue
		}
		if wrong != nil {
			f.raw = true
			return nil
		}
		h, size = parsed, length
		break
	}
	whole := uint64(size) + h.Length
	if h == (codec.Header{Fin: true, Opcode: codec.OpPing, Length: h.Length}) && h.Length <= codec.MaxControlPayload {
		_, err := f.in.Discard(int(whole))
		return err
	}
	f.pass = whole
	return nil
}
