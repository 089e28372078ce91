package fuzz

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// wantLegal checks all that was sent: agreed is the extension. whole says that what
// was taken has to be there.
func (u *user) wantLegal(sent []byte, role codec.Role, agreed string, whole bool) {
	u.t.Helper()
	z := &wstest.Inflater{}
	sequence := codec.Sequence{Role: role.Peer()}
	if agreed != "" {
		sequence.RSV = codec.RSV1
		params, err := wstest.ParseDeflate([]string{agreed})
		if err != nil || len(params) != 1 {
			u.t.Fatalf("the extension that was agreed on is %q: %v", agreed, err)
		}
		z.NoTakeover, z.Window = params[0].ServerNoContextTakeover, params[0].ServerMaxWindowBits
		if role == codec.Client {
			z.NoTakeover, z.Window = params[0].ClientNoContextTakeover, params[0].ClientMaxWindowBits
		}
		z.Window = 1 << cmp.Or(z.Window, 15)
	}
	var message wstest.Frame
	for r := bytes.NewReader(sent); ; {
		f, masked, err := wstest.ReadFrame(r)
		if err == io.EOF {
			break
		}
		h := codec.Header{Fin: f.Fin, RSV: f.RSV, Opcode: f.Opcode, Masked: masked, Length: uint64(len(f.Payload))}
		if err == nil {
			err = sequence.Check(h)
		}
		if err != nil {
			u.t.Fatalf("the Conn sends %v: %v", f, err)
		}
		if f.Opcode.IsControl() {
			u.wantControl(f)
			continue
		}
		if f.Opcode.IsData() {
			message = f
		} else {
			message.Payload = append(message.Payload, f.Payload...)
		}
		if f.Fin {
			u.wantWritten(message, z)
		}
	}
	for _, m := range u.known {
		if m.seen > m.calls || whole && m.seen < m.taken {
			u.t.Errorf("a message that %d calls were given, and %d have taken, is on the wire %d times", m.calls, m.taken, m.seen)
		}
	}
}

// wantControl checks a control frame that was sent.
func (u *user) wantControl(f wstest.Frame) {
	u.t.Helper()
	ok := false
	switch f.Opcode {
	case codec.OpPing:
		ok = len(f.Payload) == 8
	case codec.OpPong:
		ok = len(f.Payload) == 1 && '1' <= f.Payload[0] && f.Payload[0] <= '3'
	case codec.OpClose:
		code, _, err := codec.ParseClose(f.Payload)
		switch code {
		case codec.StatusPolicyViolation, codec.StatusMessageTooBig, codec.StatusInternalError, codec.StatusGoingAway:
			ok = true // the Options, or a stream that was given up
		}
		ok = err == nil && (ok || u.closings[code])
	}
	if !ok {
		u.t.Fatalf("the Conn sends %v", f)
	}
}

// wantWritten checks a message that was sent.
func (u *user) wantWritten(f wstest.Frame, z *wstest.Inflater) {
	u.t.Helper()
	p := f.Payload
	if f.RSV != 0 {
		var err error
		if p, err = z.Message(p); err != nil {
			u.t.Fatalf("the Conn sends %v: %v", f, err)
		}
	}
	var m *written
	if len(p) >= 4 {
		m = u.known[binary.BigEndian.Uint32(p)]
	}
	if m == nil || f.Opcode != m.op || !bytes.Equal(p, m.payload) {
		u.t.Fatalf("the Conn sends %v, of %d bytes, which nobody wrote", f, len(p))
	}
	m.seen++
}
