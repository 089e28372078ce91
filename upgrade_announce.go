package websocket

import (
	"net/http"
	"reflect"

	"github.com/zerowire/websocket/codec"
)

// announce calls WriteHeader(101) of the middlewares around a ResponseWriter of net/http,
// for their access logs, before the connection is hijacked. A middleware may record the
// status and not pass it on. So announce calls each layer, from the outermost on, until
// the status has reached net/http. It reports whether net/http will send the 101. Without
// middlewares it does nothing.
//
// NOTE: net/http has no method that reports whether WriteHeader has reached it. announce
// reads the field wroteHeader, and does nothing if there is no such field.
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
	// net/http removes "Connection" where it sends "Connection: close", for example after
	// SetKeepAlivesEnabled(false). It does not remove this spelling, and sends both.
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

// serverResponse returns the innermost layer of w if that is net/http's ResponseWriter
// for HTTP/1.1, and otherwise the zero Value.
func serverResponse(w http.ResponseWriter) reflect.Value {
	last := innermost(w)
	if last == nil || !isOfNetHTTP(last) || reflect.TypeOf(last).Elem().Name() != "response" {
		return reflect.Value{}
	}
	return reflect.ValueOf(last)
}
