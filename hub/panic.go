package hub

import "runtime/debug"

// logPanic logs a panic of a function in Options, so that the goroutine, which serves other
// connections too, continues. It has to be deferred.
func (h *Hub) logPanic(name string) {
	if p := recover(); p != nil {
		h.options.Logger.Error("hub: panic in Options."+name, "panic", p, "stack", string(debug.Stack()))
	}
}
