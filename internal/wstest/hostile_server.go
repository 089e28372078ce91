package wstest

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/zerowire/websocket/codec"
)

// HostileServer plays a case to the clients that connect to a listener.
type HostileServer struct {
	c    *Hostile
	ln   net.Listener
	mode Mode
	all  sync.WaitGroup

	mu     sync.Mutex
	report HostileReport
	latest int // connection that the report is about
}

// HostileReport is what a HostileServer has seen.
type HostileReport struct {
	Targets   []string // of the requests
	Close     *Frame   // that the client has sent on the last connection, nil for none
	Violation string   // the rule that the client has violated there, "" for none
	Left      bool     // the client has not ended a connection by itself
	Sent      int64    // bytes of the last connection
}

// hostileTime is how long a server waits for the client to end a connection, and
// hostileBytes how much it sends without end.
const (
	hostileTime  = 20 * time.Second
	hostileBytes = 256 << 20
)

// ServeHostile plays c to all who connect to ln, in the mode Whole or ByteByByte, until
// Stop.
func ServeHostile(ln net.Listener, c *Hostile, mode Mode) *HostileServer {
	s := &HostileServer{c: c, ln: ln, mode: mode}
	s.all.Go(func() {
		for i := 0; ; i++ {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			s.all.Go(func() {
				defer nc.Close()
				s.serve(nc, i)
			})
		}
	})
	return s
}

// Stop closes the listener, waits until the clients have ended their connections, and
// returns what was seen.
func (s *HostileServer) Stop() HostileReport {
	s.ln.Close()
	s.all.Wait()
	return s.report
}

// serve plays the case on nc, connection i.
func (s *HostileServer) serve(nc net.Conn, i int) {
	last := i >= len(s.c.Answers)-1
	answer := s.c.Answers[min(i, len(s.c.Answers)-1)]
	nc.SetDeadline(time.Now().Add(hostileTime))
	in := bufio.NewReader(nc)
	var sent int64
	if s.c.First {
		sent = s.send(nc, answer)
	}
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.report.Targets = append(s.report.Targets, r.RequestURI)
	s.mu.Unlock()
	obs := observe(in, codec.Client, nil)
	if !s.c.First {
		accept := codec.AcceptKey([]byte(r.Header.Get("Sec-WebSocket-Key")))
		sent = s.send(nc, strings.NewReplacer("{accept}", string(accept[:]), "{host}", nc.LocalAddr().String()).Replace(answer))
	}
	if last && s.c.Endless != "" {
		sent += s.sendOn(nc, obs)
	}
	switch s.c.Then {
	case Finish:
		if half, ok := nc.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
	case Stay:
		obs.await(hostileTime, seen.failed)
	case Hold:
		obs.await(hostileTime, hasEnded)
	case Reset:
		reset(nc)
	}
	ended := s.c.Then == Stay && obs.now().failed() || obs.await(hostileTime, hasEnded)
	nc.Close()
	<-obs.done
	seen := obs.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Left = s.report.Left || !ended
	if i >= s.latest {
		s.latest = i
		s.report.Close, s.report.Violation, s.report.Sent = seen.close, seen.violation, sent
	}
}

func hasEnded(s seen) bool { return s.ended }

// sendOn sends Endless again and again, and returns how much the client has taken.
func (s *HostileServer) sendOn(nc net.Conn, obs *observer) (sent int64) {
	for more := []byte(s.c.Endless); sent < hostileBytes; {
		time.Sleep(s.c.Pace)
		if s.c.Then != Hold && obs.now().failed() {
			break
		}
		n, err := nc.Write(more)
		if sent += int64(n); err != nil {
			break
		}
	}
	return sent
}

// send sends b as the mode says, and returns how much the client has taken.
func (s *HostileServer) send(nc net.Conn, answer string) (sent int64) {
	b := []byte(answer)
	sizes := []int{max(len(b), 1)}
	if s.mode == ByteByByte {
		sizes = bytewise(len(b))
	}
	for piece := range Pieces(b, sizes...) {
		n, err := nc.Write(piece)
		if sent += int64(n); err != nil {
			break
		}
	}
	return sent
}

// reset resets the TCP connection below nc.
func reset(nc net.Conn) {
	if outer, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = outer.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	nc.Close()
}
