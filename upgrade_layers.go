package websocket

import (
	"bufio"
	"fmt"
	"iter"
	"net"
	"net/http"
	"reflect"
	"runtime"
)

// maxWrappers is the maximum number of layers that are unwrapped.
const maxWrappers = 64

// layers yields w and the ResponseWriters that it wraps, from the outermost on. It unwraps
// with the method Unwrap or, for a wrapper that has Hijack, the field ResponseWriter. It
// stops at a wrapper that has neither method, and at a ResponseWriter of net/http.
func layers(w http.ResponseWriter) iter.Seq[http.ResponseWriter] {
	return func(yield func(http.ResponseWriter) bool) {
		for range maxWrappers {
			if w == nil || !yield(w) {
				return
			}
			switch outer := w.(type) {
			case interface{ Unwrap() http.ResponseWriter }:
				w = outer.Unwrap()
			case http.Hijacker:
				if isOfNetHTTP(w) {
					return
				}
				w = embedded(w)
			default:
				return
			}
		}
	}
}

// isOfNetHTTP reports whether the type of w is one of net/http.
//
// NOTE: to look for a field in it, as in other types, would cost more than the rest of a
// handshake, and make the stacks of all handlers larger.
func isOfNetHTTP(w http.ResponseWriter) bool {
	t := reflect.TypeOf(w)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http"
}

// embedded returns the field ResponseWriter of w, or nil if there is none.
func embedded(w http.ResponseWriter) http.ResponseWriter {
	v := reflect.ValueOf(w)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return nil
	}
	field := v.FieldByName("ResponseWriter")
	if !field.IsValid() || !field.CanInterface() {
		return nil
	}
	inner, _ := field.Interface().(http.ResponseWriter)
	return inner
}

// innermost returns the last layer of w.
func innermost(w http.ResponseWriter) (last http.ResponseWriter) {
	for last = range layers(w) {
	}
	return last
}

// hijack hijacks w as http.ResponseController does, but continues with the next layer if
// a Hijack fails. Many wrappers fail if the ResponseWriter directly inside has Unwrap
// instead of Hijack.
func hijack(w http.ResponseWriter) (nc net.Conn, in *bufio.ReadWriter, err error) {
	var last http.ResponseWriter
	for last = range layers(w) {
		if h, ok := last.(http.Hijacker); ok {
			if nc, in, err = tryHijack(h); err == nil {
				return nc, in, nil
			}
		}
	}
	if _, ok := last.(http.Hijacker); ok {
		return nil, nil, err
	}
	return nil, nil, fmt.Errorf("%w: %T cannot be hijacked: a middleware that wraps the ResponseWriter needs a method Unwrap", http.ErrNotSupported, last)
}

// tryHijack calls h.Hijack. It returns an error if h panics because the ResponseWriter
// inside is no http.Hijacker.
func tryHijack(h http.Hijacker) (nc net.Conn, in *bufio.ReadWriter, err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case *runtime.TypeAssertionError:
			err = fmt.Errorf("%w: %w", http.ErrNotSupported, p)
		default:
			panic(p)
		}
	}()
	return h.Hijack()
}
