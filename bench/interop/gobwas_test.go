package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	zerowire "github.com/zerowire/websocket"
)

type gobwas struct{}

func (gobwas) Dial(t *testing.T, url string, s settings) (end, error) {
	d := ws.Dialer{Protocols: s.subprotocols}
	if s.origin != "" {
		d.Header = ws.HandshakeHeaderHTTP(http.Header{"Origin": {s.origin}})
	}
	nc, early, hs, err := d.Dial(t.Context(), url)
	if status, ok := errors.AsType[ws.StatusError](err); ok {
		return nil, refused(status)
	}
	if err != nil {
		return nil, err
	}
	in := io.Reader(nc)
	if early != nil {
		in = early
	}
	return newGobwasEnd(t, nc, in, ws.StateClientSide, hs, s), nil
}

func (gobwas) Listen(t *testing.T, s settings) (string, <-chan end) {
	ln := listen(t)
	accepted := make(chan end, 1)
	u := ws.Upgrader{Protocol: func(offered []byte) bool { return slices.Contains(s.subprotocols, string(offered)) }}
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		if hs, err := u.Upgrade(nc); err == nil {
			accepted <- newGobwasEnd(t, nc, nc, ws.StateServerSide, hs, s)
		}
	}()
	t.Cleanup(func() { ln.Close() })
	return wsURL(ln), accepted
}

// gobwasEnd is the loop over frames that gobwas leaves to its users.
type gobwasEnd struct {
	nc       net.Conn
	state    ws.State
	protocol string
	mu       sync.Mutex // held while a frame is written
	inbox
}

func newGobwasEnd(t *testing.T, nc net.Conn, in io.Reader, state ws.State, hs ws.Handshake, s settings) *gobwasEnd {
	e := &gobwasEnd{nc: nc, state: state, protocol: hs.Protocol, inbox: newInbox()}
	t.Cleanup(func() { nc.Close() })
	go e.read(&wsutil.Reader{
		Source:         in,
		State:          state,
		CheckUTF8:      true,
		MaxMessageSize: s.limitOr(roomy),
		OnIntermediate: e.control,
	})
	return e
}

func (e *gobwasEnd) read(r *wsutil.Reader) {
	defer e.nc.Close()
	for {
		err := e.next(r)
		if closed, ok := errors.AsType[wsutil.ClosedError](err); ok {
			e.ended(zerowire.StatusCode(closed.Code), closed.Reason)
			return
		}
		if err != nil {
			e.ended(zerowire.StatusAbnormalClosure, "")
			return
		}
	}
}

// next reads a message or a control frame.
func (e *gobwasEnd) next(r *wsutil.Reader) error {
	h, err := r.NextFrame()
	if err != nil {
		return err
	}
	if h.OpCode.IsControl() {
		return e.control(h, r)
	}
	p, err := io.ReadAll(r)
	if err == nil {
		e.received(zerowire.Opcode(h.OpCode), p)
	}
	return err
}

func (e *gobwasEnd) control(h ws.Header, r io.Reader) error {
	if h.OpCode == ws.OpPong {
		p, err := io.ReadAll(r)
		e.pongs <- p
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	answer := wsutil.ControlHandler{Src: r, Dst: e.nc, State: e.state, DisableSrcCiphering: true}
	return answer.Handle(h)
}

func (e *gobwasEnd) Subprotocol() string { return e.protocol }

func (e *gobwasEnd) Send(op zerowire.Opcode, parts ...[]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, p := range parts {
		f := ws.NewFrame(ws.OpCode(op), i == len(parts)-1, p)
		if i > 0 {
			f.Header.OpCode = ws.OpContinuation
		}
		if err := e.write(f); err != nil {
			return err
		}
	}
	return nil
}

// write masks f if this is a client, and writes it. e.mu is held.
func (e *gobwasEnd) write(f ws.Frame) error {
	if e.state.ClientSide() {
		f = ws.MaskFrame(f)
	}
	return ws.WriteFrame(e.nc, f)
}

func (e *gobwasEnd) Ping(ctx context.Context) error {
	payload := []byte("from gobwas")
	e.mu.Lock()
	err := e.write(ws.NewPingFrame(payload))
	e.mu.Unlock()
	if err != nil {
		return err
	}
	return e.awaitPong(ctx, payload)
}

func (e *gobwasEnd) Close(code zerowire.StatusCode, reason string) error {
	var body []byte
	if code != zerowire.StatusNoStatusReceived {
		body = ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.write(ws.NewCloseFrame(body))
}
