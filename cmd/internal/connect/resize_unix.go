//go:build unix

package connect

import (
	"os"
	"os/signal"
	"syscall"
)

// onResize calls redraw when the terminal's size has changed, until the function is
// called that it returns.
func onResize(redraw func()) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-changed:
				redraw()
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(changed)
		close(done)
	}
}
