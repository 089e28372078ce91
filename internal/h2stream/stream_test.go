package h2stream

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestReadDeadlineMoves moves a deadline under a Read that waits, and reads on after one
// that has passed.
func TestReadDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, peer := io.Pipe()
		c := newConn(body, addr("here"), addr("there"), func(bool, bool) { body.Close() })
		c.start()
		start := time.Now()
		c.SetReadDeadline(start.Add(time.Hour))
		time.AfterFunc(time.Second, func() { c.SetReadDeadline(start.Add(3 * time.Second)) })
		p := make([]byte, 10)
		if n, err := c.Read(p); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("Read() = %d, %v after %v, want the deadline after 3 s", n, err, time.Since(start))
		}
		go peer.Write([]byte("hello"))
		synctest.Wait()
		if n, err := c.Read(p); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read() = %d, %v, want the deadline, which has passed", n, err)
		}
		c.SetReadDeadline(time.Time{})
		if n, err := c.Read(p); err != nil || string(p[:n]) != "hello" {
			t.Errorf("Read() = %q, %v", p[:n], err)
		}
		peer.Close()
		if _, err := c.Read(p); err != io.EOF {
			t.Errorf("Read() = %v, want io.EOF", err)
		}
		c.Close()
		if _, err := c.Read(p); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read() after Close = %v", err)
		}
		<-c.Done()
	})
}

// TestWriteIsBounded writes to a stream whose peer makes no room.
func TestWriteIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o output
		o.init()
		sent := bytes.Repeat([]byte("0123456789abcdef"), 3*bufferSize/16)
		o.setDeadline(time.Now().Add(time.Second))
		n, err := o.write(sent)
		if n != bufferSize || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("write() = %d, %v, want %d bytes and the deadline", n, err, bufferSize)
		}
		o.setDeadline(time.Time{})
		written := make(chan error, 1)
		go func() {
			_, err := o.write(sent[n:])
			o.close()
			written <- err
		}()
		received, err := io.ReadAll(&o)
		if err != nil || !bytes.Equal(received, sent) {
			t.Errorf("%d bytes came, %v, want the %d that were written", len(received), err, len(sent))
		}
		if err := <-written; err != nil {
			t.Errorf("write() = %v", err)
		}
		if _, err := o.write(sent); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write() after close = %v", err)
		}
	})
}

// TestCloseLingers closes a stream with pending bytes. Close waits for three seconds until the
// peer makes room.
func TestCloseLingers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		after   time.Duration // when the peer takes what is pending
		drained bool
		want    time.Duration
	}{
		{"in time", 500 * time.Millisecond, true, 500 * time.Millisecond},
		{"too late", time.Minute, false, lingerTime},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body, peer := io.Pipe()
				defer peer.Close()
				var drained bool
				c := newConn(body, addr("here"), addr("there"), func(d, _ bool) {
					drained = d
					body.Close()
				})
				c.start()
				c.Write([]byte("the last words"))
				start := time.Now()
				taken := time.AfterFunc(tt.after, func() { io.ReadAll(&c.out) })
				c.Close()
				<-c.Done()
				if took := time.Since(start); took != tt.want || drained != tt.drained {
					t.Errorf("ended after %v, drained %t, want %v, %t", took, drained, tt.want, tt.drained)
				}
				taken.Stop()
			})
		})
	}
}
