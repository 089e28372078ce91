package load

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// Batches of all sizes go through TLS, and come back.
func TestFleetTLS(t *testing.T) {
	certificate, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	echo := func(nc net.Conn) { io.Copy(nc, nc) }
	for _, tt := range []struct {
		name   string
		trust  []byte
		server *tls.Config
		serve  func(nc net.Conn)
		want   string // in the error; none if empty
	}{
		{"echo", certificate.Certificate[0], &tls.Config{}, echo, ""},
		{"byte by byte", certificate.Certificate[0], &tls.Config{}, trickle, ""},
		{"another certificate", other.Certificate[0], &tls.Config{}, echo, "certificate"},
		{"TLS 1.2", certificate.Certificate[0], &tls.Config{MaxVersion: tls.VersionTLS12}, echo, "protocol version"},
		{"end", certificate.Certificate[0], &tls.Config{}, func(nc net.Conn) { io.ReadFull(nc, make([]byte, 1)) }, "load: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.server.Certificates = []tls.Certificate{certificate}
			ln, err := tls.Listen("tcp4", "127.0.0.1:0", tt.server)
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				for {
					nc, err := ln.Accept()
					if err != nil {
						return
					}
					go func() {
						defer nc.Close()
						tt.serve(nc)
					}()
				}
			}()
			f := fleet(t, netip.MustParseAddrPort(ln.Addr().String()), true)
			f.Stall = 2 * time.Second
			if f.TLS, err = TrustOnly(tt.trust); err != nil {
				t.Fatal(err)
			}
			err = f.Open(2, func(i int) []Batch {
				return []Batch{NewBatch(ASCII, 125, 4, uint64(i)), NewBatch(Binary, 300_000, 3, uint64(i))}
			})
			messages := 0
			for range 4 {
				if err == nil {
					messages, err = f.Exchange(0)
				}
			}
			switch {
			case tt.want == "" && (err != nil || messages != 6):
				t.Errorf("Exchange = %d, %v, want 6", messages, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("Exchange = %d, %v, want an error with %q", messages, err, tt.want)
			}
		})
	}
}

// trickle echoes in records of a few bytes at first, and of one buffer later.
func trickle(nc net.Conn) {
	buf := make([]byte, 10_000)
	for i := 0; ; i++ {
		n, err := nc.Read(buf[:min(1+i, len(buf))])
		if err != nil {
			return
		}
		if _, err := nc.Write(buf[:n]); err != nil {
			return
		}
	}
}
