package websocket

import (
	"net/http"
	"reflect"

	"github.com/zerowire/websocket/codec"
)

// announce lets the middlewares around a ResponseWriter of net/http see the status 101,
// for their access logs, before the connection is hijacked. It reports whether net/http
// will send the 101: some middlewares only note the status, and then nothing has been
// sent. Without middlewares it does nothing.
//
// NOTE: only net/http knows whether WriteHeader has reached it, and it has no method that
// tells: so its field is read. Where that is not found nothing is announced.
func announce(w http.ResponseWriter, key []byte, protocol string, ext extension) (sent bool) {
	server := serverResponse(w)
	if !server.IsValid() || server.Interface() == w || !canHijack(w) {
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
	w.WriteHeader(http.StatusSwitchingProtocols)
	return wrote.Bool()
}

// maxWrappers is how many middlewares around a ResponseWriter are looked through.
const maxWrappers = 64

// serverResponse returns net/http's own ResponseWriter for HTTP/1.1 behind w, the zero
// Value if there is none: behind methods Unwrap, and behind fields called ResponseWriter.
func serverResponse(w http.ResponseWriter) reflect.Value {
	for range maxWrappers {
		v := reflect.ValueOf(w)
		if !v.IsValid() {
			break
		}
		if t := v.Type(); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" && t.Elem().Name() == "response" {
			return v
		}
		if wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter }); ok {
			w = wrapper.Unwrap()
			continue
		}
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			break
		}
		field := v.FieldByName("ResponseWriter")
		if !field.IsValid() || !field.CanInterface() {
			break
		}
		if w, _ = field.Interface().(http.ResponseWriter); w == nil {
			break
		}
	}
	return reflect.Value{}
}

// canHijack reports whether http.ResponseController finds a method Hijack.
func canHijack(w http.ResponseWriter) bool {
	for range maxWrappers {
		if _, ok := w.(http.Hijacker); ok {
			return true
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		w = wrapper.Unwrap()
	}
	return false
}
