package main

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/zerowire/websocket/bench/load"
	"github.com/zerowire/websocket/bench/peers"
)

// answerTime is how long a child may take to answer a command.
const answerTime = 20 * time.Second

// server is a child process that serves a peer.
type server struct {
	addr netip.AddrPort
	tls  *tls.Config // for its clients; nil if it speaks no TLS
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start starts this program again, as the server of p for s.
func (r *race) start(s scenario, p peers.Peer) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve", "-peer="+p.Name)
	if s.utf8 {
		cmd.Args = append(cmd.Args, "-utf8")
	}
	if s.deflate != load.Off {
		cmd.Args = append(cmd.Args, fmt.Sprintf("-deflate=%d", s.deflate))
	}
	if s.tls {
		cmd.Args = append(cmd.Args, "-tls")
	}
	if s.casts() {
		cmd.Args = append(cmd.Args, "-broadcast")
	}
	if s.kind == stalled {
		cmd.Args = append(cmd.Args, "-slow")
	}
	if r.profiles != "" {
		cmd.Args = append(cmd.Args, "-profile="+filepath.Join(r.profiles, s.ID+"-"+p.Name+".pprof"))
	}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cores.onServerCore(cmd.Start); err != nil {
		return nil, err
	}
	srv := &server{cmd: cmd, in: in, out: bufio.NewReader(out)}
	line, err := srv.answer()
	if err == nil {
		err = srv.parse(line)
	}
	if err != nil {
		srv.stop()
		return nil, fmt.Errorf("race: %s does not start: %w", p.Name, err)
	}
	return srv, nil
}

// parse takes the first line of the child: its address, and its certificate if it speaks
// TLS.
func (s *server) parse(line string) (err error) {
	addr, certificate, secured := strings.Cut(line, " ")
	if s.addr, err = netip.ParseAddrPort(addr); err != nil || !secured {
		return err
	}
	der, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		return err
	}
	s.tls, err = load.TrustOnly(der)
	return err
}

func (s *server) pid() int { return s.cmd.Process.Pid }

// command gives the child commands that it does not answer, one per line.
func (s *server) command(lines string) error {
	_, err := io.WriteString(s.in, lines+"\n")
	return err
}

// answer reads a line. A child that takes too long is killed, which ends the
// read.
func (s *server) answer() (string, error) {
	late := time.AfterFunc(answerTime, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	line, err := s.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// resident returns the child's memory once it has freed what it can.
func (s *server) resident() (int64, error) {
	if err := s.command(cmdCollect); err != nil {
		return 0, err
	}
	if _, err := s.answer(); err != nil {
		return 0, err
	}
	return residentSize(s.pid())
}

// stop ends the child: it may finish by itself for a second.
func (s *server) stop() {
	s.in.Close()
	late := time.AfterFunc(time.Second, func() { s.cmd.Process.Kill() })
	defer late.Stop()
	s.cmd.Wait()
}
