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
	go func() {
		for range changed {
			redraw()
		}
	}()
	return func() {
		signal.Stop(changed)
		close(changed)
	}
}
