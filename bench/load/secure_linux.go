package load

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket/internal/loadgen"
)

// secure is the TLS layer of a connection. The opening handshake blocks. Afterwards open
// decrypts what has come, and a sealer encrypts, both without I/O.
//
// This relies on crypto/tls: after a temporary error of the connection below, Read can
// be called again, and continues at the same byte.
type secure struct {
	*tls.Conn
	*socket
	plain []byte // what open reads into
}

// shake performs the opening handshake on a connected socket. The cipher suite
// has to be AES-128-GCM, so that all servers do the same work.
func shake(fd int, config *tls.Config, limit time.Duration) (*secure, error) {
	below := &socket{fd: fd, end: time.Now().Add(limit)}
	s := &secure{tls.Client(below, config), below, make([]byte, 16<<10)}
	if err := s.Handshake(); err != nil {
		return nil, fmt.Errorf("load: TLS handshake: %w", err)
	}
	if state := s.ConnectionState(); state.Version != tls.VersionTLS13 || state.CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		return nil, fmt.Errorf("load: TLS handshake: %s with %s, want TLS 1.3 with AES-128-GCM",
			tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	}
	below.end = time.Time{}
	return s, nil
}

// open decrypts what has come, and gives it to receive. The peer's end of the TLS
// connection is io.ErrUnexpectedEOF, as that of a socket is for a [loadgen.Loop].
func (s *secure) open(p []byte, receive func(p []byte) error) error {
	for s.received = p; ; {
		n, err := s.Conn.Read(s.plain)
		switch {
		case err == errAgain:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return fmt.Errorf("TLS: %w", err)
		}
		if err := receive(s.plain[:n]); err != nil {
			return err
		}
	}
}

// sealer encrypts what out has, all that there is at once.
type sealer struct {
	*secure
	out loadgen.Outgoing
	err error
}

func (s *sealer) Outgoing() []byte {
	if p := s.out.Outgoing(); len(s.sealed) == 0 && len(p) > 0 {
		if _, err := s.Conn.Write(p); err != nil {
			s.err = fmt.Errorf("TLS: %w", err)
			return nil
		}
		s.out.Took(len(p))
	}
	return s.sealed[s.sent:]
}

func (s *sealer) Took(n int) {
	if s.sent += n; s.sent == len(s.sealed) {
		s.sealed, s.sent = s.sealed[:0], 0
	}
}

// socket is what is below TLS: a non-blocking socket. Until end it waits for the peer.
// If end is zero, Read takes what was received, and returns errAgain behind it, and Write
// collects in sealed.
type socket struct {
	net.Conn // nil: crypto/tls calls no other methods here
	fd       int
	end      time.Time
	received []byte
	sealed   []byte
	sent     int // bytes of sealed that were sent
}

// errAgain is the error of a Read that would block. It is a net.Error that is temporary.
var errAgain error = unix.EAGAIN

func (s *socket) Read(p []byte) (int, error) {
	if s.end.IsZero() {
		n := copy(p, s.received)
		if s.received = s.received[n:]; n == 0 {
			return 0, errAgain
		}
		return n, nil
	}
	for {
		n, err := unix.Read(s.fd, p)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := s.wait(unix.POLLIN); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s *socket) Write(p []byte) (int, error) {
	if s.end.IsZero() {
		s.sealed = append(s.sealed, p...)
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		n, err := unix.Write(s.fd, rest)
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			if err := s.wait(unix.POLLOUT); err != nil {
				return len(p) - len(rest), err
			}
		case err != nil:
			return len(p) - len(rest), os.NewSyscallError("write", err)
		default:
			rest = rest[n:]
		}
	}
	return len(p), nil
}

// wait returns when the socket is ready for event.
func (s *socket) wait(event int16) error {
	left := time.Until(s.end)
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: event}}, int(max(left, 0).Milliseconds()))
	if err != nil && err != unix.EINTR {
		return os.NewSyscallError("poll", err)
	}
	if n == 0 && err == nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}
