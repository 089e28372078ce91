package peers

import (
	"bufio"
	"io"
	"net"
	"slices"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// gobwasUpgrader does the zero-copy upgrade on the bare connection.
var gobwasUpgrader ws.Upgrader

// serveGobwas is the frame level, as one writes it for speed: a buffered
// reader, one buffer for header and payload that is kept from frame to frame,
// one write. It handles neither messages nor UTF-8; the rules of headers are
// checked.
func serveGobwas(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[net.Conn](s)
	go accept(ln, func(nc net.Conn) {
		defer nc.Close()
		if _, err := gobwasUpgrader.Upgrade(nc); err != nil {
			return
		}
		conns.add(nc)
		f := gobwasFrames{nc: nc, in: bufio.NewReader(nc)}
		for f.echo() == nil {
		}
	})
	return publisher(conns, compileGobwas, func(nc net.Conn, frame []byte) { nc.Write(frame) })
}

func compileGobwas(p []byte) []byte { return ws.MustCompileFrame(ws.NewBinaryFrame(p)) }

// gobwasFrames is a connection at the frame level.
type gobwasFrames struct {
	nc     net.Conn
	in     *bufio.Reader
	header [ws.MaxHeaderSize]byte
	buf    []byte
}

// Write makes it the io.Writer of the header.
func (f *gobwasFrames) Write(p []byte) (int, error) {
	f.buf = append(f.buf, p...)
	return len(p), nil
}

// echo answers one frame. It returns io.EOF after a Close frame.
func (f *gobwasFrames) echo() error {
	h, err := ws.ReadHeaderBuffer(f.in, f.header[:])
	if err != nil {
		return err
	}
	if err := ws.CheckHeader(h, ws.StateServerSide); err != nil {
		return err
	}
	key := h.Mask
	h.Masked, h.Mask = false, [4]byte{}
	if h.OpCode == ws.OpPing {
		h.OpCode = ws.OpPong
	}
	f.buf = f.buf[:0]
	if err := ws.WriteHeaderBuffer(f, h, f.header[:]); err != nil {
		return err
	}
	start := len(f.buf)
	f.buf = slices.Grow(f.buf, int(h.Length))[:start+int(h.Length)]
	if _, err := io.ReadFull(f.in, f.buf[start:]); err != nil {
		return err
	}
	ws.Cipher(f.buf[start:], key, 0)
	if _, err := f.nc.Write(f.buf); err != nil {
		return err
	}
	if h.OpCode == ws.OpClose {
		return io.EOF
	}
	return nil
}

// serveGobwasUtil is the message level of gobwas's documentation, with its
// default settings. It checks UTF-8.
func serveGobwasUtil(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[net.Conn](s)
	go accept(ln, func(nc net.Conn) {
		defer nc.Close()
		if _, err := gobwasUpgrader.Upgrade(nc); err != nil {
			return
		}
		conns.add(nc)
		for {
			p, op, err := wsutil.ReadClientData(nc)
			if err != nil || wsutil.WriteServerMessage(nc, op, p) != nil {
				return
			}
		}
	})
	return publisher(conns, compileGobwas, func(nc net.Conn, frame []byte) { nc.Write(frame) })
}
