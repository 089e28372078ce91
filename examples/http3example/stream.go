package http3example

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// quicStream has the common methods of http3.Stream and http3.RequestStream.
type quicStream interface {
	io.ReadWriteCloser
	CancelRead(quic.StreamErrorCode)
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// stream implements net.Conn on one stream of HTTP/3.
type stream struct {
	quicStream
	local, remote net.Addr
	writing       sync.Mutex // Close of a QUIC stream must not be called concurrently with Write
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

func (s *stream) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.quicStream.Write(p)
}

// Close ends both directions. Written bytes are still sent. The peer is asked to stop sending.
func (s *stream) Close() error {
	s.SetWriteDeadline(time.Unix(1, 0)) // ends a Write that waits for the peer
	s.writing.Lock()
	defer s.writing.Unlock()
	s.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	return s.quicStream.Close()
}
