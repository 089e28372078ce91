//go:build !unix

package connect

// onResize does nothing: the next key redraws the line.
func onResize(func()) (stop func()) { return func() {} }
