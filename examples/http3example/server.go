package http3example

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/quic-go/quic-go/http3"

	"github.com/zerowire/websocket"
)

// Accept performs the server's side of the opening handshake (RFC 9220) on a request of an
// http3.Server, which announces extended CONNECT by default. The handler may return while the
// connection is open. opts may be nil.
func Accept(w http.ResponseWriter, r *http.Request, opts *websocket.Options) (*websocket.Conn, error) {
	status := 0
	switch {
	case r.Method != http.MethodConnect || r.Proto != "websocket": // quic-go stores :protocol in Proto
		status = http.StatusNotImplemented
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		status = http.StatusBadRequest
	case !sameOrigin(r):
		status = http.StatusForbidden
	}
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return nil, errors.New("opening handshake refused: " + http.StatusText(status))
	}
	w.WriteHeader(http.StatusOK)
	str, err := w.(http3.HTTPStreamer).HTTPStream() // sends the header
	if err != nil {
		return nil, err
	}
	var local, remote net.Addr = &net.UDPAddr{}, &net.UDPAddr{}
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		local = addr
	}
	if addr, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		remote = net.UDPAddrFromAddrPort(addr)
	}
	return websocket.NewConn(newStream(str, local, remote), websocket.RoleServer, websocket.Handshake{}, opts)
}

// sameOrigin reports whether the request has no Origin, or an Origin with the request's host.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}
