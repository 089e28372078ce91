package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/zerowire/websocket/internal/h2stream"
)

// connect opens the connection to the endpoint or to its proxy. via is nil without a proxy.
func (d *dialing) connect(ctx context.Context) (nc net.Conn, via *proxy, err error) {
	network, addr := d.to.address()
	if network == "tcp" {
		if via, err = d.proxy(); err != nil {
			return nil, nil, err
		}
	}
	if via == nil {
		d.trace.getConn(addr)
		nc, err = d.opts.NetDial(ctx, network, addr)
		return nc, nil, err
	}
	addr = via.address()
	d.trace.getConn(addr)
	if nc, err = d.opts.NetDial(ctx, network, addr); err != nil {
		return nil, nil, via.failed(err)
	}
	return nc, via, nil
}

// secure returns the connection for the opening handshake. It opens the tunnel through the
// proxy, if there is one, and adds TLS if the endpoint uses it.
func (d *dialing) secure(ctx context.Context, nc net.Conn, via *proxy) (net.Conn, error) {
	if via != nil {
		var err error
		if nc, err = d.tunnel(ctx, nc, via); err != nil {
			return nil, via.failed(err)
		}
	}
	if _, secured := nc.(h2stream.Secured); secured || d.to.url.Scheme != "https" {
		return nc, nil
	}
	config := d.opts.TLSConfig
	if config != nil && config.ServerName != "" {
		return d.handshakeTLS(ctx, nc, config.ServerName)
	}
	return d.handshakeTLS(ctx, nc, d.to.hostname())
}

// handshakeTLS performs the TLS handshake and verifies the certificate for name.
func (d *dialing) handshakeTLS(ctx context.Context, nc net.Conn, name string) (net.Conn, error) {
	config := d.opts.TLSConfig.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	config.ServerName = name
	config.NextProtos = []string{"http/1.1"} // not "h2": the request is HTTP/1.1
	conn := tls.Client(nc, config)
	d.trace.startTLS()
	err := conn.HandshakeContext(ctx)
	d.trace.doneTLS(conn, err)
	if _, other := errors.AsType[tls.RecordHeaderError](err); other {
		return nil, fmt.Errorf("TLS: %w: use the port for TLS, or ws, or http for a proxy", err)
	}
	if err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return conn, nil
}

// because returns the reason why a step failed with err: the end of ctx, or err itself if
// ctx has not ended or the server has answered.
func because(ctx context.Context, err error) error {
	if _, answered := errors.AsType[*HandshakeError](err); answered {
		return err
	}
	if limit, ok := ctx.Deadline(); ok && time.Until(limit) <= 0 {
		<-ctx.Done() // a network deadline can expire a moment before ctx
	}
	if ctx.Err() == nil {
		return err
	}
	ended := ctx.Err()
	if context.Cause(ctx) == ErrTimeout {
		ended = ErrTimeout
	}
	return fmt.Errorf("%w (%v)", ended, err)
}
