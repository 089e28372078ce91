package pipe

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestPipe(t *testing.T) {
	for _, tt := range []struct {
		name string
		test func(t *testing.T, a, b *Conn)
	}{
		{"a write does not wait for a reader", func(t *testing.T, a, b *Conn) {
			wantN(t, "Write", 5, nil)(a.Write([]byte("Hello")))
			got := make([]byte, 3)
			wantN(t, "Read", 3, nil)(b.Read(got))
			wantN(t, "Read of the rest", 2, nil)(b.Read(got))
		}},
		{"a full buffer makes Write wait", func(t *testing.T, a, b *Conn) {
			sent := bytes.Repeat([]byte("0123456789a"), Buffer/3)
			go func() {
				a.Write(sent)
				a.Close()
			}()
			synctest.Wait()
			got, err := io.ReadAll(iotest.HalfReader(b))
			if !bytes.Equal(got, sent) || err != nil {
				t.Errorf("ReadAll: %d bytes, %v; want the %d that were written", len(got), err, len(sent))
			}
		}},
		{"Close lets the other end read what waits", func(t *testing.T, a, b *Conn) {
			a.Write([]byte("Hello"))
			a.Close()
			wantN(t, "Read", 5, nil)(b.Read(make([]byte, 9)))
			wantN(t, "Read", 0, io.EOF)(b.Read(make([]byte, 9)))
			wantN(t, "Write", 0, io.ErrClosedPipe)(b.Write([]byte("x")))
			wantN(t, "Read of the closed end", 0, net.ErrClosed)(a.Read(make([]byte, 9)))
			wantN(t, "Write of the closed end", 0, net.ErrClosed)(a.Write([]byte("x")))
			wantErr(t, "second Close", a.Close(), net.ErrClosed)
			wantErr(t, "SetReadDeadline of the closed end", a.SetReadDeadline(time.Now()), net.ErrClosed)
		}},
		{"CloseWrite ends one direction", func(t *testing.T, a, b *Conn) {
			a.CloseWrite()
			wantN(t, "Read", 0, io.EOF)(b.Read(make([]byte, 9)))
			wantN(t, "Write", 0, net.ErrClosed)(a.Write([]byte("x")))
			wantN(t, "Write back", 5, nil)(b.Write([]byte("Hello")))
			wantN(t, "Read back", 5, nil)(a.Read(make([]byte, 9)))
		}},
		{"Close wakes a Read and a Write", func(t *testing.T, a, b *Conn) {
			errs := make(chan error, 2)
			go func() { _, err := a.Read(make([]byte, 1)); errs <- err }()
			go func() { _, err := a.Write(make([]byte, Buffer+1)); errs <- err }()
			synctest.Wait()
			a.Close()
			wantErr(t, "first of the two", <-errs, net.ErrClosed)
			wantErr(t, "second of the two", <-errs, net.ErrClosed)
		}},
		{"a read deadline ends a Read at its time", func(t *testing.T, a, b *Conn) {
			start := time.Now()
			a.SetReadDeadline(start.Add(time.Second))
			wantN(t, "Read", 0, os.ErrDeadlineExceeded)(a.Read(make([]byte, 1)))
			if took := time.Since(start); took != time.Second {
				t.Errorf("Read took %v, want 1s", took)
			}
			b.Write([]byte("x"))
			wantN(t, "Read with bytes waiting", 0, os.ErrDeadlineExceeded)(a.Read(make([]byte, 1)))
			a.SetReadDeadline(time.Time{})
			wantN(t, "Read after the deadline was lifted", 1, nil)(a.Read(make([]byte, 1)))
		}},
		{"a write deadline reports what was written", func(t *testing.T, a, b *Conn) {
			a.SetWriteDeadline(time.Now().Add(time.Second))
			wantN(t, "Write", Buffer, os.ErrDeadlineExceeded)(a.Write(make([]byte, Buffer+1)))
			io.ReadFull(b, make([]byte, Buffer))
			a.SetWriteDeadline(time.Now().Add(time.Hour))
			wantN(t, "Write after the deadline was moved", 1, nil)(a.Write([]byte("x")))
		}},
		{"a deadline in the past ends a waiting Read", func(t *testing.T, a, b *Conn) {
			errs := make(chan error)
			go func() { _, err := a.Read(make([]byte, 1)); errs <- err }()
			synctest.Wait()
			a.SetDeadline(time.Unix(1, 0))
			wantErr(t, "Read", <-errs, os.ErrDeadlineExceeded)
		}},
		{"a deadline that was replaced does not fire", func(t *testing.T, a, b *Conn) {
			a.SetReadDeadline(time.Now().Add(time.Second))
			a.SetReadDeadline(time.Now().Add(3 * time.Second))
			time.AfterFunc(2*time.Second, func() { b.Write([]byte("x")) })
			wantN(t, "Read", 1, nil)(a.Read(make([]byte, 1)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := New()
				tt.test(t, a, b)
				a.Close()
				b.Close()
			})
		})
	}
}

func wantN(t *testing.T, call string, n int, err error) func(int, error) {
	return func(gotN int, gotErr error) {
		t.Helper()
		if gotN != n || !errors.Is(gotErr, err) {
			t.Errorf("%s = %d, %v; want %d, %v", call, gotN, gotErr, n, err)
		}
	}
}

func wantErr(t *testing.T, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s = %v, want %v", call, got, want)
	}
}
