package websocket_test

import (
	"context"

	"github.com/zerowire/websocket/internal/testkit"
)

// The parts of package testkit under short names.

const (
	raceEnabled = testkit.RaceEnabled
	goodRequest = testkit.GoodRequest
	patience    = testkit.Patience
)

var (
	background = context.Background()
	forms      = testkit.Echo
	quiet      = testkit.Quiet

	serve    = testkit.Serve
	serveOn  = testkit.ServeOn
	upgraded = testkit.Upgraded
	tcpPair  = testkit.TCPPair

	masked  = testkit.Masked
	chatter = testkit.Chatter

	allocated   = testkit.Allocated
	allocations = testkit.Allocations
	descriptors = testkit.Descriptors
)
