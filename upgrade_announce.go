package websocket

import (
	"net/http"
	"reflect"

	"github.com/zerowire/websocket/codec"
)

// announce lets the middlewares around a ResponseWriter of net/http see the status 101,
// for their access logs, before the connection is hijacked. A middleware that only notes
// the status, for later, hides it from those outside, which are therefore called as well:
// from the outer one on, until net/http has the status. announce reports whether net/http
// will send the 101. Without middlewares it does nothing.
//
// NOTE: only net/http knows whether WriteHeader has reached it, and it has no method that
// tells: so its field is read. Where that is not found nothing is announced.
func announce(w http.ResponseWriter, key []byte, protocol string, ext extension) (sent bool) {
	server := serverResponse(w)
	if !server.IsValid() || server.Interface() == w {
		return false
	}
	wrote := server.Elem().FieldByName("wroteHeader")
	if !wrote.IsValid() || wrote.Kind() != reflect.Bool || wrote.Bool() {
		return false
	}
	h := w.Header()
	for name := range h {
		if isAboutBody(name) {
			delete(h, name)
		}
	}
	// Under this spelling net/http does not take it out where it sends "Connection:
	// close", as after SetKeepAlivesEnabled(false): both are sent then.
	h["connection"] = []string{"Upgrade"}
	h["Upgrade"] = []string{"websocket"}
	accept := codec.AcceptKey(key)
	h["Sec-Websocket-Accept"] = []string{string(accept[:])}
	if protocol != "" {
		h["Sec-Websocket-Protocol"] = []string{protocol}
	}
	if ext.on {
		h["Sec-Websocket-Extensions"] = []string{ext.String()}
	}
	for layer := range layers(w) {
		if layer.WriteHeader(http.StatusSwitchingProtocols); wrote.Bool() {
			return true
		}
	}
	return false
}

// serverResponse returns net/http's own ResponseWriter for HTTP/1.1, which is the innermost
// of the layers of w, the zero Value if another one is.
func serverResponse(w http.ResponseWriter) reflect.Value {
	v := reflect.ValueOf(innermost(w))
	if !v.IsValid() {
		return v
	}
	if t := v.Type(); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" && t.Elem().Name() == "response" {
		return v
	}
	return reflect.Value{}
}
