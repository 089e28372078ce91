package loadgen

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// client is the Handler of a socket that sends out and keeps what comes.
type client struct {
	*Socket
	out, in []byte
	err     error
}

func (c *client) Receive(p []byte) error { c.in = append(c.in, p...); return nil }
func (c *client) Step(err error) {
	c.err = errors.Join(err, c.Flush(c))
	if c.err != nil {
		c.Close()
	}
}
func (c *client) Outgoing() []byte { return c.out }
func (c *client) Took(n int)       { c.out = c.out[n:] }

// connect begins to connect to ln, a listener on loopback.
func connect(t *testing.T, l *Loop, addr net.Addr, out []byte) *client {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: addr.(*net.TCPAddr).Port, Addr: [4]byte{127, 0, 0, 1}})
	if err != nil && err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	c := &client{out: out}
	if c.Socket, err = l.Add(fd, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// serve has f serve each connection.
func serve(t *testing.T, f func(nc net.Conn)) net.Addr {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go f(nc)
		}
	}()
	return ln.Addr()
}

func newLoop(t *testing.T) *Loop {
	t.Helper()
	l, err := NewLoop()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// until turns the loop until done, for 20 s at most.
func until(t *testing.T, l *Loop, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); {
		if _, err := l.Turn(time.Until(end)); err != nil || time.Now().After(end) {
			t.Fatalf("Turn = %v; it is not done", err)
		}
	}
}

// More than the sockets hold goes out while it comes back, with and without epoll_pwait2.
func TestLoopEchoes(t *testing.T) {
	addr := serve(t, func(nc net.Conn) { io.Copy(nc, nc) })
	for _, coarse := range []bool{false, true} {
		l := newLoop(t)
		l.coarse = coarse
		var clients []*client
		for i := range 5 {
			clients = append(clients, connect(t, l, addr, bytes.Repeat([]byte{byte(i)}, 16<<20)))
		}
		for i, c := range clients {
			until(t, l, func() bool { return len(c.in) >= 16<<20 || c.err != nil })
			if c.err != nil || !bytes.Equal(c.in, bytes.Repeat([]byte{byte(i)}, 16<<20)) {
				t.Errorf("socket %d got %d bytes, %v, want those that it sent", i, len(c.in), c.err)
			}
		}
	}
}

// The end of a connection is reported, behind all that came before it.
func TestLoopEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
	}{
		{"nothing", 0},
		{"a little", 100},
		{"a whole read", readSize},
		{"more", readSize + 100},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ended := make(chan struct{})
			addr := serve(t, func(nc net.Conn) {
				nc.Write(make([]byte, tt.size))
				nc.Close()
				ended <- struct{}{}
			})
			l := newLoop(t)
			c := connect(t, l, addr, nil)
			if tt.size <= 100 {
				<-ended // before the first look: one event tells of the bytes and of the end
			} else {
				go func() { <-ended }()
			}
			until(t, l, func() bool { return c.err != nil })
			if !errors.Is(c.err, io.ErrUnexpectedEOF) || len(c.in) != tt.size || c.Open() {
				t.Errorf("%d bytes came, %v, open: %v, want %d, %v, false", len(c.in), c.err, c.Open(), tt.size, io.ErrUnexpectedEOF)
			}
		})
	}
}

func TestLoopRefused(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	l := newLoop(t)
	c := connect(t, l, ln.Addr(), []byte("hello"))
	until(t, l, func() bool { return c.err != nil })
	if !errors.Is(c.err, unix.ECONNREFUSED) {
		t.Errorf("Step(%v), want %v", c.err, unix.ECONNREFUSED)
	}
}

// A socket that is ignored stays open, and nothing happens on it.
func TestLoopIgnores(t *testing.T) {
	served := make(chan net.Conn, 1)
	addr := serve(t, func(nc net.Conn) { served <- nc })
	l := newLoop(t)
	c := connect(t, l, addr, []byte("x"))
	until(t, l, func() bool { return len(c.out) == 0 })
	if err := c.Ignore(); err != nil {
		t.Fatal(err)
	}
	nc := <-served
	nc.Write([]byte("y"))
	n, err := l.Turn(50 * time.Millisecond)
	if n != 0 || err != nil || len(c.in) != 0 || !c.Open() {
		t.Errorf("Turn = %d, %v, %d bytes came, open: %v, want none", n, err, len(c.in), c.Open())
	}
}
