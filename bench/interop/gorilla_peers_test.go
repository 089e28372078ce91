package interop

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/zerowire/websocket/codec"
)

// gorillaPeer is the other end of a script.
type gorillaPeer struct {
	net.Conn
	br   *bufio.Reader // of Conn
	role codec.Role
	turns
}

// turns lets each end of a script wait for the other one.
type turns struct{ mine, theirs chan struct{} }

func newTurns() (play, peer turns) {
	a, b := make(chan struct{}, 10), make(chan struct{}, 10)
	return turns{a, b}, turns{b, a}
}

// turn lets the other end continue after await.
func (t turns) turn() { t.theirs <- struct{}{} }

// await waits until the other end calls turn.
func (t turns) await() { <-t.mine }

func (p *gorillaPeer) send(fin bool, op codec.Opcode, payload string) {
	p.frame(codec.Header{Fin: fin, Opcode: op}, payload)
}

// frame sends a frame, masked if the peer is a client.
func (p *gorillaPeer) frame(h codec.Header, payload string) {
	if h.Masked = p.role == codec.Client; h.Masked {
		h.Key = [4]byte{1, 2, 3, 4}
	}
	p.Write(codec.AppendFrame(nil, h, []byte(payload)))
}

// sentFrame is a frame that the library has sent.
type sentFrame struct {
	codec.Header
	payload []byte
}

func (f sentFrame) String() string {
	if f.Opcode == codec.OpClose && bytes.HasPrefix(f.payload, []byte("\x03\xEA")) {
		return "close 1002" // the words differ
	}
	return fmt.Sprintf("fin %v rsv %d %v %d %.40q", f.Fin, f.RSV, f.Opcode, f.Length, f.payload)
}

// received returns all that the library sends.
func (p *gorillaPeer) received() (frames []sentFrame) {
	sent, _ := io.ReadAll(p.br)
	for {
		h, n, err := codec.ParseHeader(sent)
		if err != nil || h.Length > uint64(len(sent)-n) || h.Masked == (p.role == codec.Client) {
			if len(sent) > 0 {
				frames = append(frames, sentFrame{Header: codec.Header{Length: uint64(len(sent))}, payload: sent})
			}
			return frames
		}
		f := sentFrame{h, sent[n : n+int(h.Length)]}
		codec.Mask(f.payload, h.Key, 0)
		frames, sent = append(frames, f), sent[n+int(h.Length):]
	}
}

func inOrder(frames []sentFrame) (lines []string) {
	for _, f := range frames {
		lines = append(lines, f.String())
	}
	return lines
}

func inAnyOrder(frames []sentFrame) []string { return slices.Sorted(slices.Values(inOrder(frames))) }
