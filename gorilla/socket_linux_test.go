package websocket

import (
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// sockets returns the two ends of a connection.
func sockets(t *testing.T, network, address string) (s *socket, peer net.Conn) {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	nc, err := net.Dial(network, ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if peer, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close(); peer.Close() })
	s, ok := streamOf(nc).(*socket)
	if !ok {
		t.Fatalf("streamOf(%T) is no socket", nc)
	}
	return s, peer
}

// A socket behaves as its net.Conn does: bytes, the end, and every error.
func TestSocket(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "socket")} {
		t.Run(network, func(t *testing.T) {
			s, peer := sockets(t, network, address)
			room := make([]byte, 10)
			same := func(what string, call func(io.ReadWriter) (int, error)) {
				t.Helper()
				n, err := call(s)
				m, want := call(s.Conn)
				if n != m || want == nil || err == nil || err.Error() != want.Error() {
					t.Errorf("%s: %d, %v, want %d, %v", what, n, err, m, want)
				}
				if e, ok := err.(net.Error); ok && e.Timeout() != want.(net.Error).Timeout() {
					t.Errorf("%s: Timeout() = %v", what, e.Timeout())
				}
			}
			read := func(c io.ReadWriter) (int, error) { return c.Read(room) }
			write := func(c io.ReadWriter) (int, error) { return c.Write(room) }

			go func() {
				time.Sleep(time.Millisecond) // so that Read waits
				io.WriteString(peer, "hello")
			}()
			if n, err := s.Read(room); string(room[:n]) != "hello" || err != nil {
				t.Errorf("Read: %q, %v", room[:n], err)
			}
			if n, err := s.Read(nil); n != 0 || err != nil {
				t.Errorf("Read(nil): %d, %v", n, err)
			}
			if n, err := s.Write(nil); n != 0 || err != nil {
				t.Errorf("Write(nil): %d, %v", n, err)
			}
			s.SetReadDeadline(time.Now().Add(time.Millisecond))
			same("read deadline", read)
			s.SetDeadline(time.Time{})

			got := make(chan int64)
			go func() {
				n, _ := io.CopyN(io.Discard, peer, 64*briefWrite)
				got <- n
			}()
			for range 64 {
				if n, err := s.Write(make([]byte, briefWrite)); n != briefWrite || err != nil {
					t.Fatalf("Write: %d, %v", n, err)
				}
			}
			if n := <-got; n != 64*briefWrite {
				t.Errorf("%d bytes arrived, want %d", n, 64*briefWrite)
			}
			s.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			for err := error(nil); err == nil; {
				_, err = s.Write(make([]byte, briefWrite))
			}
			same("write deadline", write)
			s.SetDeadline(time.Time{})

			peer.(interface{ CloseWrite() error }).CloseWrite()
			same("end", read)
			peer.Close()
			for err := error(nil); err == nil; {
				_, err = s.Write(room)
			}
			same("the peer has closed", write)
			s.Close()
			same("read after Close", read)
			same("write after Close", write)
		})
	}
}

// Only sockets are read and written with their descriptors.
func TestStreamOf(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if streamOf(a) != io.ReadWriter(a) {
		t.Error("streamOf of a pipe is not the pipe")
	}
	s, _ := sockets(t, "tcp", "127.0.0.1:0")
	wrapper := &countingConn{Conn: s.Conn}
	if streamOf(wrapper) != io.ReadWriter(wrapper) {
		t.Error("streamOf of a wrapper is not the wrapper, which would see no call")
	}
}
