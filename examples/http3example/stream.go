package http3example

import (
	"cmp"
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
	SetWriteDeadline(time.Time) error
}

// stream implements net.Conn on one stream of HTTP/3.
//
// A read from the stream itself must not end at a deadline and be repeated: if it ends in the
// header of a DATA frame, that part of the header is lost. So one goroutine reads into a pipe,
// and read deadlines are those of the pipe.
type stream struct {
	quicStream
	in            net.Conn // the pipe's end with the received bytes
	ended         error    // why the peer sends no more; set before the pipe ends
	local, remote net.Addr
	writing       sync.Mutex // Close of a QUIC stream must not be called concurrently with Write
}

func newStream(qs quicStream, local, remote net.Addr) *stream {
	in, out := net.Pipe()
	s := &stream{quicStream: qs, in: in, local: local, remote: remote}
	go func() {
		_, err := io.Copy(out, qs)
		s.ended = cmp.Or(err, io.EOF)
		out.Close()
	}()
	return s
}

func (s *stream) LocalAddr() net.Addr  { return s.local }
func (s *stream) RemoteAddr() net.Addr { return s.remote }

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if err == io.EOF {
		err = s.ended
	}
	return n, err
}

func (s *stream) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.quicStream.Write(p)
}

func (s *stream) SetReadDeadline(t time.Time) error { return s.in.SetReadDeadline(t) }

func (s *stream) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

// Close ends both directions. Written bytes are still sent. The peer is asked to stop sending.
func (s *stream) Close() error {
	s.in.Close()
	s.SetWriteDeadline(time.Unix(1, 0)) // ends a Write that waits for the peer
	s.writing.Lock()
	defer s.writing.Unlock()
	s.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	return s.quicStream.Close()
}
