package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

// TestMain runs the program instead of the tests in the process that TestActivation starts.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_PROGRAM") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// systemd is the part of systemd that the program needs: a listening socket, and the socket
// for its notifications.
type systemd struct {
	t       *testing.T
	ln      *net.TCPListener
	notices *net.UnixConn
}

func newSystemd(t *testing.T) *systemd {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	notices, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notices.Close() })
	return &systemd{t, ln, notices}
}

// start starts the program with the socket. The shell sets what depends on the process id.
func (s *systemd) start(env ...string) *exec.Cmd {
	s.t.Helper()
	socket, err := s.ln.File()
	if err != nil {
		s.t.Fatal(err)
	}
	defer socket.Close()
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), "RUN_PROGRAM=1", "LISTEN_FDS=1", "NOTIFY_SOCKET="+s.notices.LocalAddr().String())
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill() })
	return cmd
}

// want waits for a notification.
func (s *systemd) want(state string) {
	s.t.Helper()
	s.notices.SetReadDeadline(time.Now().Add(20 * time.Second))
	for message := make([]byte, 100); ; {
		n, err := s.notices.Read(message)
		if err != nil {
			s.t.Fatalf("waiting for %s: %v", state, err)
		}
		if string(message[:n]) == state {
			return
		}
	}
}

func TestActivation(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := newSystemd(t)

	// The client connects before there is a server.
	type dialed struct {
		c   *websocket.Conn
		err error
	}
	early := make(chan dialed, 1)
	go func() {
		c, err := websocket.Dial(ctx, "ws://"+s.ln.Addr().String(), &websocket.DialOptions{
			Options: websocket.Options{HandshakeTimeout: 30 * time.Second},
		})
		early <- dialed{c, err}
	}()
	server := s.start("WATCHDOG_USEC=200000")
	s.want("READY=1")
	client := <-early
	if client.err != nil {
		t.Fatal(client.err)
	}
	c := client.c
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
		t.Fatalf("got %q, %v, want the echo", p, err)
	}
	s.want("WATCHDOG=1")
	s.want("WATCHDOG=1")

	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.want("STOPPING=1")
	if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("after SIGTERM: %v, want a Close frame with 1001", err)
	}
	if err := server.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}

	// The socket is still there, for the next server.
	next := s.start()
	s.want("READY=1")
	again, err := websocket.Dial(ctx, "ws://"+s.ln.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again.CloseNow()
	next.Process.Signal(syscall.SIGTERM)
	if err := next.Wait(); err != nil {
		t.Errorf("the next server ended with %v", err)
	}
}

// TestWithoutSystemd starts the program without a socket.
func TestWithoutSystemd(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RUN_PROGRAM=1")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "0 sockets from systemd, want 1") {
		t.Errorf("got %v, %q", err, out)
	}
}
