package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/internal/wstest"
)

// suite is a fuzzing server: it plays its cases with a client that asks for them, as
// the reference suite does.
type suite struct {
	cases   []*wstest.Case
	deflate *wstest.DeflateCase // the case behind them

	mu      sync.Mutex
	reports []wstest.Report
	updated []string // the requests to write the report
}

// TestClient plays cases with the client that is for the reference suite.
func TestClient(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{cases: wstest.Cases("1.1.6", "1.2.2", "2.5", "5.6", "6.4.2", "7.3.1", "7.7.4"), deflate: wstest.DeflateCases("13.1.5")[0]}
	var connections sync.WaitGroup
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { s.serve(t, nc) })
		}
	}()
	if err := beClient(t.Context(), "ws://"+ln.Addr().String()+"/"); err != nil {
		t.Error(err)
	}
	ln.Close()
	<-ended
	connections.Wait()

	var played []string
	for _, r := range s.reports {
		played = append(played, r.Case.ID)
		if !r.Passed() {
			t.Error(r)
		}
	}
	slices.Sort(played) // the suite judges one case while it plays the next
	if want := []string{"1.1.6", "1.2.2", "13.1.5", "2.5", "5.6", "6.4.2", "7.3.1", "7.7.4"}; !slices.Equal(played, want) {
		t.Errorf("played %q, want %q", played, want)
	}
	if want := []string{"agent=zerowire"}; !slices.Equal(s.updated, want) {
		t.Errorf("updated the report of %q, want %q", s.updated, want)
	}
}

// replayed is a connection of which the first bytes have been read.
type replayed struct {
	net.Conn
	io.Reader
}

func (r replayed) Read(b []byte) (int, error) { return r.Reader.Read(b) }

// serve serves one connection of the client.
func (s *suite) serve(t *testing.T, nc net.Conn) {
	var head bytes.Buffer
	request, err := http.ReadRequest(bufio.NewReader(io.TeeReader(nc, &head)))
	if err != nil {
		t.Error(err)
		return
	}
	say := func(frames ...wstest.Frame) {
		for _, f := range frames {
			if _, err := nc.Write(f.Append(nil)); err != nil {
				t.Error(err)
			}
		}
		io.Copy(io.Discard, nc) // the client's Close frame
		nc.Close()
	}
	path := request.URL.Path
	n, _ := strconv.Atoi(request.URL.Query().Get("case"))
	if deflate := path == "/runCase" && n == len(s.cases)+1; deflate {
		// The suite reads the request that was read here once more.
		again := replayed{nc, io.MultiReader(&head, nc)}
		s.add(wstest.PlayDeflate(again, codec.Client, s.deflate, wstest.Options{Messages: 5}))
		return
	}
	if err := accept(nc, request); err != nil {
		t.Error(err)
		return
	}
	switch {
	case path == "/getCaseCount":
		say(wstest.Text(strconv.Itoa(len(s.cases)+1)), wstest.Close(1000, ""))
	case path == "/runCase" && n > 0:
		s.add(wstest.Play(nc, codec.Client, s.cases[n-1], wstest.Options{}))
	case path == "/updateReports":
		s.mu.Lock()
		s.updated = append(s.updated, strings.TrimPrefix(request.URL.RawQuery, "?"))
		s.mu.Unlock()
		say(wstest.Close(1000, ""))
	default:
		t.Errorf("the client asks for %s", request.URL)
		nc.Close()
	}
}

func (s *suite) add(r wstest.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, r)
}
