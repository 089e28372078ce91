package testkit

import (
	"time"

	"github.com/zerowire/websocket"
)

// Patience is how long a test waits for an event that has to come. It limits how long a
// fault holds a test up, and proves nothing about time: a machine that stands still for
// some seconds must not use it up. It is shorter than the default of Options.PingInterval,
// so that no Ping finds what a test waits for. Where the event has to come before a limit
// of the library that is shorter, a [Clock] measures that.
const Patience = 25 * time.Second

// Unhurried returns opts without limits on time, for tests on real sockets that are about
// something else: a busy machine exceeds the defaults.
func Unhurried(opts websocket.Options) websocket.Options {
	opts.HandshakeTimeout, opts.MessageTimeout, opts.WriteTimeout, opts.CloseTimeout = time.Hour, -1, time.Hour, time.Hour
	opts.PingInterval = -1
	return opts
}
