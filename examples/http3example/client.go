package http3example

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/zerowire/websocket"
)

// Dial opens a WebSocket in a stream of cc (RFC 9220). Many WebSockets may share cc, which
// http3.Transport.NewClientConn returns. The scheme of the URL is https. opts may be nil.
func Dial(ctx context.Context, cc *http3.ClientConn, rawURL string, opts *websocket.Options) (*websocket.Conn, error) {
	select {
	case <-cc.ReceivedSettings():
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !cc.Settings().EnableExtendedConnect {
		return nil, errors.New("the server has not announced extended CONNECT")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	str, err := cc.OpenRequestStream(ctx)
	if err != nil {
		return nil, err
	}
	request := &http.Request{
		Method: http.MethodConnect,
		Proto:  "websocket", // :protocol
		URL:    u,
		Host:   u.Host,
		Header: http.Header{"Sec-Websocket-Version": {"13"}},
	}
	cancel := func() {
		str.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
		str.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	}
	stop := context.AfterFunc(ctx, cancel)
	response, err := exchange(str, request.WithContext(ctx))
	if !stop() {
		return nil, ctx.Err()
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("opening handshake refused: %s", response.Status)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return websocket.NewConn(newStream(str, cc.LocalAddr(), cc.RemoteAddr()), websocket.RoleClient, websocket.Handshake{}, opts)
}

func exchange(str *http3.RequestStream, request *http.Request) (*http.Response, error) {
	if err := str.SendRequestHeader(request); err != nil {
		return nil, err
	}
	return str.ReadResponse()
}
