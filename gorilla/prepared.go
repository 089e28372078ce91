package websocket

import (
	"sync"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/codec/deflate"
	"github.com/zerowire/websocket/pool"
)

// PreparedMessage is a message for many connections. It is encoded once for all connections
// of servers, and compressed once for each compression setting. It may be used concurrently.
type PreparedMessage struct {
	op    codec.Opcode
	plain preparedFrame

	mu     sync.Mutex
	packed []preparedFrame
}

// preparedFrame is the encoded message of a server for certain settings.
type preparedFrame struct {
	frame       []byte
	header      int // size of its header
	rsv         uint8
	level, bits int // of the compressor
}

func prepare(op codec.Opcode, rsv uint8, payload []byte) preparedFrame {
	h := codec.Header{Fin: true, RSV: rsv, Opcode: op, Length: uint64(len(payload))}
	frame := make([]byte, 0, codec.SizeFrame(h, len(payload)))
	return preparedFrame{frame: codec.AppendFrame(frame, h, payload), header: codec.SizeHeader(h), rsv: rsv}
}

func (f *preparedFrame) payload() []byte { return f.frame[f.header:] }

// NewPreparedMessage encodes a message of any type. data is copied.
func NewPreparedMessage(messageType int, data []byte) (*PreparedMessage, error) {
	op := codec.Opcode(messageType)
	switch {
	case !isMessageType(messageType):
		return nil, errMessageType
	case op.IsControl() && len(data) > codec.MaxControlPayload:
		return nil, errControlFrame
	}
	return &PreparedMessage{op: op, plain: prepare(op, 0, data)}, nil
}

// WritePreparedMessage is [Conn.WriteMessage] for a prepared message. A server sends it
// without copying.
func (c *Conn) WritePreparedMessage(pm *PreparedMessage) error {
	if c.out.writer != nil {
		c.out.writer.Close()
	}
	packed := c.compresses(pm.op)
	if c.role == codec.Server && !packed {
		return c.send(pm.op, pm.plain.frame, nil)
	}
	c.out.messages.Lock()
	defer c.out.messages.Unlock()
	f := &pm.plain
	if packed {
		f = pm.compressedBy(c.compressor())
	}
	if c.role == codec.Client {
		return c.writeMasked(pm.op, f.rsv, f.payload())
	}
	return c.send(pm.op, f.frame, nil)
}

// compressedBy returns the frame for connections with the settings of z. If compression does
// not make the message smaller, it is the uncompressed frame.
func (pm *PreparedMessage) compressedBy(z *deflate.Compressor) *preparedFrame {
	pm.mu.Lock()
	defer pm.mu.Unlock()
	for i := range pm.packed {
		if f := &pm.packed[i]; f.level == z.Level && f.bits == z.WindowBits {
			return f
		}
	}
	f, p := pm.plain, pm.plain.payload()
	b := pool.Get(deflate.Bound(len(p)))
	defer func() { pool.Put(b) }()
	if packed, smaller := z.Append(b.B, p); smaller {
		b.B = packed
		f = prepare(pm.op, codec.RSV1, packed)
	}
	f.level, f.bits = z.Level, z.WindowBits
	pm.packed = append(pm.packed, f)
	return &pm.packed[len(pm.packed)-1]
}
