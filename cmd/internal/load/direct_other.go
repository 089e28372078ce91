//go:build !linux

package load

import "net"

// There is no direct way here.
const canTakeOver = false

func takeOver(net.Conn) (fd int, err error) { return 0, errNotDirect }

func closeSocket(int) {}

func newWorkers(*run, []link) []driver { return nil }
