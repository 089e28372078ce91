package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/zerowire/websocket"
	_ "github.com/zerowire/websocket/internal/xconnect"
)

const childVariable = "HTTP2_BENCH_CHILD"

// usage is what a process has used.
type usage struct {
	Memory int64         // of heap and stacks, in bytes
	CPU    time.Duration // user and system
}

// serve is the server's process: it echoes, and reports its usage at /usage. It prints its
// URL, and ends with its standard input.
func serve() {
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		c.Write(context.Background(), op, p)
	})}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/usage" {
			srv.ServeHTTP(w, r)
			return
		}
		var self unix.Rusage
		unix.Getrusage(unix.RUSAGE_SELF, &self)
		json.NewEncoder(w).Encode(usage{memory(), time.Duration(self.Utime.Nano() + self.Stime.Nano())})
	}))
	s.EnableHTTP2 = true
	s.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: 100, MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 8 << 20}
	s.StartTLS()
	fmt.Println(s.URL)
	io.Copy(io.Discard, os.Stdin)
}

// server is the other process.
type server struct {
	url   string // of the echo
	https string
	stdin io.Closer
	cmd   *exec.Cmd
	http  *http.Client
}

func startServer() (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.Command(self)}
	s.cmd.Env = append(os.Environ(), childVariable+"=1")
	s.cmd.Stderr = os.Stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	s.https, err = bufio.NewReader(out).ReadString('\n')
	s.https = strings.TrimSpace(s.https)
	s.url = strings.Replace(s.https, "https", "wss", 1)
	s.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // on loopback
	return s, err
}

func (s *server) stop() {
	s.stdin.Close()
	s.cmd.Wait()
}

// usage returns what the server has used until now.
func (s *server) usage() (u usage, err error) {
	r, err := s.http.Get(s.https + "/usage")
	if err != nil {
		return u, err
	}
	defer r.Body.Close()
	err = json.NewDecoder(r.Body).Decode(&u)
	return u, err
}
