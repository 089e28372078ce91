// Package reach holds what the sub-commands share to reach a server and to listen:
// the flags, the connection that they describe, and sentences that say what to do
// when it fails.
package reach

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

// Flags are the flags that say how a server is reached. A command embeds them.
type Flags struct {
	Header     []string `short:"H" sep:"none" placeholder:"'NAME: VALUE'" help:"Header to send with the opening handshake; may be repeated."`
	Origin     string   `placeholder:"URL" help:"Origin to send, as the page of a browser would."`
	Proxy      string   `placeholder:"URL" help:"Proxy to use, http://, https:// or socks5://, in place of the one in the environment; none uses no proxy."`
	Resolve    []string `sep:"none" placeholder:"HOST:PORT:ADDR" help:"Connect to ADDR when the URL names this host and port; may be repeated."`
	Insecure   bool     `short:"k" help:"Accept any certificate. Anyone on the way can then read and change everything."`
	CACert     string   `name:"cacert" type:"existingfile" placeholder:"FILE" help:"Trust the certificate authorities in this PEM file, and no others."`
	Cert       string   `type:"existingfile" placeholder:"FILE" help:"Certificate of the client, in PEM, with its chain; the key may be in the same file."`
	Key        string   `type:"existingfile" placeholder:"FILE" help:"Private key of --cert, in PEM."`
	ServerName string   `name:"servername" placeholder:"NAME" help:"Name to ask for in TLS, and to expect in the certificate, in place of the host in the URL."`
}

// Options returns new options for [websocket.Dial] that do what the flags say. Its
// Wrap recognises a server that answers with TLS; who sets another Wrap calls it too.
func (f *Flags) Options() (*websocket.DialOptions, error) {
	opts := &websocket.DialOptions{Header: http.Header{}, Wrap: func(nc net.Conn) net.Conn { return &firstRead{Conn: nc} }}
	return opts, errors.Join(f.setHeader(opts), f.setProxy(opts), f.setTLS(opts), f.setResolve(opts))
}

func (f *Flags) setHeader(opts *websocket.DialOptions) error {
	for _, line := range f.Header {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok || name == "":
			return fmt.Errorf("--header %q: want 'NAME: VALUE'", line)
		case strings.EqualFold(name, "Host"):
			opts.Host = value
		case strings.EqualFold(name, "Sec-WebSocket-Protocol"):
			return fmt.Errorf("--header %q: use --subprotocol for each of them", line)
		case strings.EqualFold(name, "Sec-WebSocket-Extensions"):
			return fmt.Errorf("--header %q: use --compress to offer permessage-deflate", line)
		default:
			opts.Header.Add(name, value)
		}
	}
	if f.Origin != "" {
		opts.Header.Set("Origin", f.Origin)
	}
	_, err := codec.AppendRequest(nil, codec.RequestParams{
		Host: "localhost", Target: "/", Key: codec.EncodeKey([16]byte{}), Origin: opts.Header.Get("Origin"), Header: Fields(opts.Header),
	})
	if err != nil {
		return fmt.Errorf("--header, --origin: %w", err)
	}
	return nil
}

// Fields iterates over the lines of a header in the order of their names, without
// Origin, which [codec.RequestParams] has a place of its own for.
func Fields(h http.Header) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			for _, value := range h[name] {
				if name != "Origin" && !yield(name, value) {
					return
				}
			}
		}
	}
}

func (f *Flags) setProxy(opts *websocket.DialOptions) error {
	switch f.Proxy {
	case "":
	case "none":
		opts.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	default:
		proxy, err := url.Parse(f.Proxy)
		if err != nil || proxy.Host == "" {
			return errors.New("--proxy: want a URL such as http://proxy.example:3128 or socks5://localhost:1080, or none")
		}
		opts.Proxy = http.ProxyURL(proxy)
	}
	return nil
}

func (f *Flags) setTLS(opts *websocket.DialOptions) error {
	keyLog, err := KeyLog()
	if err != nil {
		return err
	}
	config := &tls.Config{InsecureSkipVerify: f.Insecure, ServerName: f.ServerName, KeyLogWriter: keyLog}
	opts.TLSConfig = config
	if f.CACert != "" {
		pem, err := os.ReadFile(f.CACert)
		if err != nil {
			return fmt.Errorf("--cacert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("--cacert %s: no certificate found: want PEM", f.CACert)
		}
	}
	switch {
	case f.Key != "" && f.Cert == "":
		return errors.New("--key belongs to a certificate: give --cert, too")
	case f.Cert != "":
		certificate, err := tls.LoadX509KeyPair(f.Cert, cmp.Or(f.Key, f.Cert))
		if err != nil {
			return fmt.Errorf("--cert, --key: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return nil
}

func (f *Flags) setResolve(opts *websocket.DialOptions) error {
	addrs := map[string]string{}
	for _, entry := range f.Resolve {
		host, rest, _ := strings.Cut(entry, ":")
		port, addr, ok := strings.Cut(rest, ":")
		if !ok || host == "" || net.ParseIP(strings.Trim(addr, "[]")) == nil {
			return fmt.Errorf("--resolve %q: want HOST:PORT:ADDR, with an IP address", entry)
		}
		addrs[strings.ToLower(net.JoinHostPort(host, port))] = net.JoinHostPort(strings.Trim(addr, "[]"), port)
	}
	if len(addrs) == 0 {
		return nil
	}
	opts.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if to, ok := addrs[strings.ToLower(addr)]; ok {
			addr = to
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	return nil
}
