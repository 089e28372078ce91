package websocket

import "github.com/zerowire/websocket/codec"

// The vocabulary of RFC 6455 is the codec's; these names save an import.
type (
	Opcode     = codec.Opcode     // type of a message
	StatusCode = codec.StatusCode // why a connection is closed
	Role       = codec.Role       // which end of a connection this is
)

// The two ends of a connection.
const (
	RoleServer = codec.Server
	RoleClient = codec.Client
)

// The types of a message.
const (
	OpText   = codec.OpText   // UTF-8 text, checked when it is received
	OpBinary = codec.OpBinary // any bytes
)

// The types of a control frame.
const (
	OpClose = codec.OpClose
	OpPing  = codec.OpPing
	OpPong  = codec.OpPong
)

// The status codes that applications use most; package codec has them all.
const (
	StatusNormalClosure    = codec.StatusNormalClosure
	StatusGoingAway        = codec.StatusGoingAway
	StatusProtocolError    = codec.StatusProtocolError
	StatusUnsupportedData  = codec.StatusUnsupportedData
	StatusNoStatusReceived = codec.StatusNoStatusReceived
	StatusAbnormalClosure  = codec.StatusAbnormalClosure
	StatusInvalidPayload   = codec.StatusInvalidPayload
	StatusPolicyViolation  = codec.StatusPolicyViolation
	StatusMessageTooBig    = codec.StatusMessageTooBig
	StatusInternalError    = codec.StatusInternalError
	StatusTryAgainLater    = codec.StatusTryAgainLater
)
