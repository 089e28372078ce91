package interop

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/zerowire/websocket/codec"
)

// tap stands between two ends and keeps what they send.
type tap struct {
	mu                     sync.Mutex
	fromClient, fromServer bytes.Buffer
}

// newTap returns a tap before the server at to, and the URL to dial in its place.
func newTap(t *testing.T, to string) (string, *tap) {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatalf("url.Parse(%q): %v", to, err)
	}
	host := target.Host
	ln := listen(t)
	t.Cleanup(func() { ln.Close() })
	var p tap
	go func() {
		client, err := ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", host)
		if err != nil {
			client.Close()
			return
		}
		go p.copy(server, client, &p.fromClient)
		p.copy(client, server, &p.fromServer)
	}()
	target.Host = ln.Addr().String()
	return target.String(), &p
}

// copy copies until from ends, which ends to. It keeps first: what an end has
// received was counted.
func (p *tap) copy(to, from net.Conn, keep io.Writer) {
	defer to.Close()
	io.Copy(io.MultiWriter(lockedWriter{&p.mu, keep}, to), from)
}

type lockedWriter struct {
	mu *sync.Mutex
	io.Writer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Writer.Write(b)
}

// continuations counts the frames sent so far, by client and server, that
// continue a message.
func (p *tap) continuations() (client, server int) {
	return p.count(func(h codec.Header) bool { return h.Opcode == codec.OpContinuation })
}

// compressed counts the messages sent so far, by client and server, that are
// compressed.
func (p *tap) compressed() (client, server int) {
	return p.count(func(h codec.Header) bool { return h.RSV == codec.RSV1 })
}

// count counts the frames sent so far whose headers are such.
func (p *tap) count(such func(codec.Header) bool) (client, server int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return countFrames(p.fromClient.Bytes(), such), countFrames(p.fromServer.Bytes(), such)
}

func countFrames(sent []byte, such func(codec.Header) bool) (count int) {
	_, frames, _ := bytes.Cut(sent, []byte("\r\n\r\n")) // behind the opening handshake
	for {
		h, n, err := codec.ParseHeader(frames)
		if err != nil || h.Length > uint64(len(frames)-n) {
			return count
		}
		if such(h) {
			count++
		}
		frames = frames[n+int(h.Length):]
	}
}
