package peers

import (
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
)

// roster keeps the connections of a server that broadcasts. A nil roster keeps
// none.
type roster[C any] struct {
	mu    sync.Mutex
	conns []C
}

func newRoster[C any](s Settings) *roster[C] {
	if !s.Broadcast {
		return nil
	}
	return &roster[C]{}
}

// add keeps c for the rest of the process.
func (r *roster[C]) add(c C) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, c)
}

// all returns the connections that were added.
func (r *roster[C]) all() []C {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.conns)
}

// publisher returns the function that sends to each connection what encode made
// of a message, once. It is nil without a roster.
func publisher[C, M any](r *roster[C], encode func(p []byte) M, send func(c C, m M)) func(p []byte) {
	if r == nil {
		return nil
	}
	return func(p []byte) {
		m := encode(p)
		for _, c := range r.all() {
			send(c, m)
		}
	}
}

// plain is the encode of libraries without prepared messages.
func plain(p []byte) []byte { return p }

// accept calls serve on a goroutine of its own for each connection.
func accept(ln net.Listener, serve func(nc net.Conn)) {
	for {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		go serve(nc)
	}
}

// serveHTTP serves ln with net/http, for the libraries that need it.
func serveHTTP(ln net.Listener, h http.HandlerFunc) {
	server := http.Server{Handler: h, ErrorLog: discard}
	server.Serve(ln)
}

// discard is for logs that only say that a connection ended.
var discard = log.New(nowhere{}, "", 0)

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// guarded is a connection of a library that allows one writer at a time, with
// the lock that its user has to bring as soon as there may be two. A free lock
// costs a thousandth of an echo.
type guarded[C any] struct {
	conn C
	mu   sync.Mutex
}

// write calls f with the connection.
func (g *guarded[C]) write(f func(c C) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return f(g.conn)
}
