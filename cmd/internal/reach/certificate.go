package reach

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
)

// Certificate are the flags of a command that may listen with TLS.
type Certificate struct {
	TLSCert string `name:"tls-cert" type:"existingfile" and:"certificate" xor:"tls" placeholder:"FILE" help:"Listen with TLS (wss, https), with the certificate, and those that it is signed with, in this PEM file."`
	TLSKey  string `name:"tls-key" type:"existingfile" and:"certificate" placeholder:"FILE" help:"The certificate's private key, in PEM."`
}

// Load returns the certificate that the flags name, or nil if they name none.
func (c *Certificate) Load() (*tls.Certificate, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert, --tls-key: %w", err)
	}
	return &pair, nil
}

// Listen listens on addr, the argument of --listen, with the certificate, if there is
// one. See [Listen].
func (c *Certificate) Listen(addr string) (net.Listener, error) {
	certificate, err := c.Load()
	if err != nil {
		return nil, err
	}
	ln, err := Listen(addr)
	if err != nil || certificate == nil {
		return ln, err
	}
	return WithTLS(ln, certificate, "http/1.1")
}

// WithTLS returns ln with TLS, in which protocols are spoken. Secrets go to [KeyLog]. An
// error closes ln.
func WithTLS(ln net.Listener, certificate *tls.Certificate, protocols ...string) (net.Listener, error) {
	keyLog, err := KeyLog()
	if err != nil {
		ln.Close()
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{*certificate}, NextProtos: protocols, KeyLogWriter: keyLog}), nil
}

// KeyLog returns the file that the environment variable SSLKEYLOGFILE names, for
// [crypto/tls.Config.KeyLogWriter], or nil if the variable is not set. The file is
// opened once, and what is written is appended. Secrets in it let anyone decrypt the
// connections. It is safe for concurrent use.
var KeyLog = sync.OnceValues(func() (io.Writer, error) {
	name := os.Getenv("SSLKEYLOGFILE")
	if name == "" {
		return nil, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("SSLKEYLOGFILE: %w", err)
	}
	return file, nil
})
