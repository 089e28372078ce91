package load

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n"

// serveWith serves connections with f, after an opening handshake answered with
// response if there is one.
func serveWith(t *testing.T, response string, f func(nc net.Conn, in *bufio.Reader)) netip.AddrPort {
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
			go func() {
				defer nc.Close()
				in := bufio.NewReader(nc)
				if response != "" {
					if _, err := http.ReadRequest(in); err != nil {
						return
					}
					io.WriteString(nc, response)
				}
				f(nc, in)
			}()
		}
	}()
	return netip.MustParseAddrPort(ln.Addr().String())
}

// frame returns a frame as a server sends it.
func frame(op codec.Opcode, p []byte) []byte {
	return codec.AppendFrame(nil, codec.Header{Fin: true, Opcode: op}, p)
}

// What a server does wrong fails the exchange.
func TestFleetDetects(t *testing.T) {
	batch := NewBatch(ASCII, 125, 4, 1)
	echo := func(change func(p []byte) []byte) func(nc net.Conn, in *bufio.Reader) {
		return func(nc net.Conn, in *bufio.Reader) {
			if _, err := io.ReadFull(in, make([]byte, len(batch.Out))); err != nil {
				return
			}
			nc.Write(change(bytes.Clone(batch.Back)))
			io.Copy(io.Discard, in)
		}
	}
	for _, tt := range []struct {
		name     string
		response string
		serve    func(nc net.Conn, in *bufio.Reader)
		want     string // in the error; none if empty
	}{
		{"right echo", upgraded, echo(func(p []byte) []byte { return p }), ""},
		{"wrong byte", upgraded, echo(func(p []byte) []byte { p[200] ^= 1; return p }), "differs"},
		{"lost byte", upgraded, echo(func(p []byte) []byte { return p[:len(p)-1] }), "hangs"},
		{"no answer", upgraded, func(_ net.Conn, in *bufio.Reader) { io.Copy(io.Discard, in) }, "hangs"},
		{"pings for ever", upgraded, func(nc net.Conn, _ *bufio.Reader) {
			for {
				if _, err := nc.Write(frame(codec.OpPing, nil)); err != nil {
					return
				}
			}
		}, "hangs"},
		{"end", upgraded, func(_ net.Conn, in *bufio.Reader) { in.ReadByte() }, "load: "},
		{"no handshake", "HTTP/1.1 400 Bad Request\r\n\r\n", func(_ net.Conn, in *bufio.Reader) {}, "400 Bad Request"},
		{"wrong accept key", strings.Replace(upgraded, accept, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1), func(net.Conn, *bufio.Reader) {}, "101"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fleet(t, serveWith(t, tt.response, tt.serve), false)
			if tt.want == "hangs" {
				f.Stall, f.Limit = 100*time.Millisecond, 500*time.Millisecond
			}
			err := f.Open(1, func(int) []Batch { return []Batch{batch} })
			messages := 0
			if err == nil {
				messages, err = f.Exchange(0)
			}
			switch {
			case tt.want == "" && (err != nil || messages != 4):
				t.Errorf("Exchange = %d, %v, want 4", messages, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Exchange = %d, %v, want an error with %q", messages, err, tt.want)
			}
		})
	}
}

// A batch that is larger than the sockets' buffers goes out while it comes back.
func TestFleetRaw(t *testing.T) {
	addr := serveWith(t, "", func(nc net.Conn, in *bufio.Reader) { io.Copy(nc, in) })
	f := fleet(t, addr, true)
	if err := f.Open(3, func(i int) []Batch {
		return []Batch{NewBatch(Binary, 4<<20, 3, uint64(2*i)), NewBatch(Binary, 100, 3, uint64(2*i+1))}
	}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := f.Exchange(0); n != 9 || err != nil {
			t.Fatalf("Exchange = %d, %v, want 9", n, err)
		}
	}
	if err := fleet(t, addr, true).Churn(500, NewBatch(ASCII, 125, 1, 1)); err != nil {
		t.Errorf("Churn: %v", err)
	}
}

// Each connection sends once in the interval, and not all at the same time. What does not
// come back in time is an error.
func TestFleetPace(t *testing.T) {
	const conns, interval = 20, 200 * time.Millisecond
	batch := NewBatch(ASCII, 125, 1, 1)
	echo := func(nc net.Conn, _ *bufio.Reader) { io.Copy(nc, nc) }
	once := func(nc net.Conn, in *bufio.Reader) {
		io.CopyN(nc, in, int64(len(batch.Out)))
		io.Copy(io.Discard, in)
	}
	for _, tt := range []struct {
		name  string
		serve func(nc net.Conn, in *bufio.Reader)
		bad   bool
	}{
		{"echo", echo, false},
		{"one echo, then none", once, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := fleet(t, serveWith(t, "", tt.serve), true)
			if err := f.Open(conns, func(int) []Batch { return []Batch{batch} }); err != nil {
				t.Fatal(err)
			}
			if tt.bad {
				f.Stall = 2 * interval
			}
			begin := time.Now()
			n, err := f.Pace(2*interval, interval)
			if tt.bad {
				if !errors.Is(err, errHanging) {
					t.Errorf("Pace = %d, %v, want that the server hangs", n, err)
				}
				return
			}
			if took := time.Since(begin); n != 2*conns || err != nil || took < 2*interval-interval/conns {
				t.Errorf("Pace = %d, %v after %v, want %d after %v", n, err, took, 2*conns, 2*interval)
			}
		})
	}
}

// Without the server's Close frame a closing handshake is none.
func TestFleetChurnWantsClose(t *testing.T) {
	batch := NewBatch(ASCII, 125, 1, 1)
	for _, tt := range []struct {
		name string
		bye  []byte
		bad  bool
	}{
		{"Close frame", frame(codec.OpClose, []byte{3, 0xE8}), false},
		{"none", nil, true},
	} {
		f := fleet(t, serveWith(t, upgraded, func(nc net.Conn, in *bufio.Reader) {
			io.ReadFull(in, make([]byte, len(batch.Out)))
			nc.Write(batch.Back)
			io.ReadFull(in, make([]byte, 8))
			nc.Write(tt.bye)
		}), false)
		if err := f.Churn(10, batch); (err != nil) != tt.bad || errors.Is(err, errHanging) {
			t.Errorf("%s: Churn = %v, want an error: %v", tt.name, err, tt.bad)
		}
	}
}

// isFull writes p to a connection, and reports whether it has no room. It asks twice: a
// busy machine may use up the time before the first write begins.
func isFull(nc net.Conn, p []byte) (bool, error) {
	for range 2 {
		nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := nc.Write(p)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return false, err
		}
		p = p[n:]
	}
	return true, nil
}

// Deaf connections fill up with little, are out of everybody's way, and stay open.
func TestFleetDeafen(t *testing.T) {
	m := NewRepeated(Binary, Payload(Binary, 512, 1), 1)
	served := make(chan net.Conn, 6)
	addr := serveWith(t, upgraded, func(nc net.Conn, in *bufio.Reader) {
		served <- nc
		io.Copy(io.Discard, in)
	})
	f := fleet(t, addr, false)
	f.Deaf = 3
	if err := f.Open(6, func(int) []Batch { return nil }); err != nil {
		t.Fatal(err)
	}
	var open []net.Conn
	for range 6 {
		open = append(open, <-served)
	}
	if err := f.Deafen(); err != nil || f.Len() != 4 {
		t.Fatalf("Deafen = %v, and %d connections are left, want 4", err, f.Len())
	}
	stuck := map[net.Conn]int{}
	n, err := f.ReceiveFor(time.Minute, m, func() error {
		if len(stuck) == 2 {
			return errors.New("both are full")
		}
		for _, nc := range open {
			full, err := isFull(nc, m.Back)
			if err != nil {
				return err
			}
			if full {
				stuck[nc]++
			}
		}
		return nil
	})
	if err == nil || err.Error() != "both are full" || n%4 != 0 || n < 4 || n > 4*600 {
		t.Errorf("ReceiveFor = %d, %v, want at most 600 messages for each of 4", n, err)
	}
}

// What has arrived when the time is over counts, and what the server owes fails
// nothing.
func TestFleetReceiveFor(t *testing.T) {
	t.Parallel()
	m := NewRepeated(Binary, Payload(Binary, 512, 1), 1)
	const sends = 5
	publish := make(chan struct{})
	addr := serveWith(t, upgraded, func(nc net.Conn, in *bufio.Reader) {
		for range sends {
			<-publish
			nc.Write(m.Back)
		}
		io.Copy(io.Discard, in)
	})
	f := fleet(t, addr, false)
	if err := f.Open(1, func(int) []Batch { return nil }); err != nil {
		t.Fatal(err)
	}
	asked := 0
	n, err := f.ReceiveFor(4*time.Second, m, func() error {
		if asked++; asked <= sends {
			publish <- struct{}{}
		}
		return nil
	})
	if n != sends || err != nil || asked != sends+1 {
		t.Errorf("ReceiveFor = %d, %v after %d requests, want %d and one more", n, err, asked, sends)
	}
}

func fleet(t *testing.T, addr netip.AddrPort, raw bool) *Fleet {
	t.Helper()
	f, err := NewFleet(addr, raw)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}
