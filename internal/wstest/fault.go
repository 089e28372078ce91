package wstest

import (
	"bytes"
	"net"
	"sync"
	"time"
)

// Fault is what a connection does at one place in one direction, where a good one
// would go on.
type Fault struct {
	Name  string
	Write bool          // it is in what is written; else in what is read
	At    int           // bytes that pass before it
	Err   error         // what the call returns, with the bytes that have passed in it; may be nil
	With  bool          // a read returns the error with the bytes before it, and not behind them
	Once  bool          // later calls are as if nothing had been; else they fail, too
	Pause time.Duration // the call takes so much longer, and is good
}

// FaultConn is a net.Conn with a Fault. One goroutine may read and one may write at
// a time.
type FaultConn struct {
	net.Conn
	fault Fault

	mu      sync.Mutex
	passed  int // bytes in the direction of the fault
	fired   bool
	written bytes.Buffer
}

// NewFaultConn returns nc with a fault in it.
func NewFaultConn(nc net.Conn, fault Fault) *FaultConn { return &FaultConn{Conn: nc, fault: fault} }

// Fired reports whether the place of the fault has been reached.
func (c *FaultConn) Fired() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fired
}

// Written returns what has come out.
func (c *FaultConn) Written() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.written.Bytes())
}

// left returns how many bytes pass before the fault; ok is false if there is none in this
// direction, or it is over.
func (c *FaultConn) left(write bool) (n int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fault.At - c.passed, c.fault.Write == write && !(c.fired && c.fault.Once)
}

// fire notes that the fault is reached.
func (c *FaultConn) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fired = true
}

// Read reads no further than up to the fault.
func (c *FaultConn) Read(p []byte) (int, error) {
	left, ok := c.left(false)
	switch {
	case !ok:
		return c.Conn.Read(p)
	case left == 0:
		c.fire()
		if c.fault.Pause == 0 {
			return 0, c.fault.Err
		}
		time.Sleep(c.fault.Pause)
		return c.Conn.Read(p)
	}
	n, err := c.Conn.Read(p[:min(len(p), left)])
	c.mu.Lock()
	c.passed += n
	c.mu.Unlock()
	if c.fault.With && n == left && err == nil {
		c.fire()
		err = c.fault.Err
	}
	return n, err
}

// Write writes no further than up to the fault.
func (c *FaultConn) Write(p []byte) (int, error) {
	left, ok := c.left(true)
	short := c.fault.Err == nil && c.fault.Pause == 0 // less than all, without an error
	if !ok || len(p) < left || short && len(p) == left {
		return c.pass(p)
	}
	n, err := c.pass(p[:left])
	if err != nil {
		return n, err
	}
	c.fire()
	if c.fault.Pause == 0 {
		return n, c.fault.Err
	}
	time.Sleep(c.fault.Pause)
	m, err := c.pass(p[n:])
	return n + m, err
}

func (c *FaultConn) pass(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault.Write {
		c.passed += n
	}
	c.written.Write(p[:n])
	return n, err
}

// CloseWrite closes this side alone.
func (c *FaultConn) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }
