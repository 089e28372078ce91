package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"net/rpc"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/zerowire/websocket"
)

// childArg makes a child of this program: the server.
const childArg = "serve"

func isChild() bool { return len(os.Args) > 1 && os.Args[1] == childArg }

// serve is the child: it does what the parent calls for on standard input, and ends
// with it. w is how the server answers.
func serve(w write) error {
	signal.Ignore(os.Interrupt) // the parent ends it, and has questions before
	c := &Control{write: w, guests: newGuests()}
	if err := c.prepare(); err != nil {
		return err
	}
	server := rpc.NewServer()
	if err := server.Register(c); err != nil {
		return err
	}
	server.ServeConn(struct {
		io.Reader
		io.WriteCloser
	}{os.Stdin, os.Stdout})
	return nil
}

// Control are the calls of the parent.
type Control struct {
	write      write
	guests     *guests
	complaints complaints
	tls        *tls.Config
	house      *house
	at         Addresses
	serving    chan error // what Serve has returned
}

// Addresses are where the server listens.
type Addresses struct {
	Plain, TLS  string
	Certificate []byte // DER
	Generation  int    // of the server
}

// prepare does all that stays for the life of the process, so that it is not
// counted as left over.
func (c *Control) prepare() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	c.at.Certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	c.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{c.at.Certificate}, PrivateKey: key}}}
	c.at.Plain, c.at.TLS = "127.0.0.1:0", "127.0.0.1:0"
	ln, err := net.Listen("tcp4", c.at.Plain) // begins the runtime's polling
	if err != nil {
		return err
	}
	return ln.Close()
}

// Open starts a generation of the server, on the addresses of the first one.
func (c *Control) Open(limit time.Duration, reply *Addresses) error {
	var err error
	if c.house, err = newHouse(c.guests, c.write, limit, &c.complaints); err != nil {
		return err
	}
	plain, err := net.Listen("tcp4", c.at.Plain)
	if err != nil {
		return err
	}
	secret, err := net.Listen("tcp4", c.at.TLS)
	if err != nil {
		return err
	}
	c.at.Plain, c.at.TLS = plain.Addr().String(), secret.Addr().String()
	c.at.Generation = c.guests.generation
	c.serving = make(chan error, 2)
	go func() { c.serving <- c.house.server.Serve(plain) }()
	go func() { c.serving <- c.house.server.Serve(tls.NewListener(secret, c.tls)) }()
	*reply = c.at
	return nil
}

// Shutdown ends the generation, for which it takes at most limit. It returns the
// books.
func (c *Control) Shutdown(limit time.Duration, reply *map[uint64]Account) error {
	ctx, cancel := context.WithTimeout(background, limit)
	defer cancel()
	err := c.house.server.Shutdown(ctx)
	for range cap(c.serving) {
		if served := <-c.serving; served != websocket.ErrServerClosed && err == nil {
			err = served
		}
	}
	if closing := c.house.topics.Close(); err == nil {
		err = closing
	}
	c.house = nil
	*reply = c.guests.forget()
	return err
}

// Question is which connection to wait for, and how long.
type Question struct {
	Generation int
	ID         uint64
	Limit      time.Duration
}

// Await waits until a connection has ended.
func (c *Control) Await(q Question, reply *Ending) (err error) {
	*reply, err = c.guests.await(q.Generation, q.ID, q.Limit)
	return err
}

// Usage tells what the process holds: if collect, when it has freed what it can.
func (c *Control) Usage(collect bool, reply *Usage) error {
	*reply = measure(collect)
	reply.Opened, reply.Closed = c.guests.counts()
	reply.Complaints = c.complaints.all()
	return nil
}

// Stacks tells what the goroutines are doing.
func (c *Control) Stacks(_ struct{}, reply *string) error {
	var b strings.Builder
	err := pprof.Lookup("goroutine").WriteTo(&b, 1)
	*reply = b.String()
	return err
}
