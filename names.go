package websocket

import "github.com/zerowire/websocket/codec"

// Types of package codec, for callers that do not import it.
type (
	Opcode     = codec.Opcode     // type of a message
	StatusCode = codec.StatusCode // status code of a Close frame
	Role       = codec.Role       // role of an endpoint
)

// The roles of an endpoint.
const (
	RoleServer = codec.Server
	RoleClient = codec.Client
)

// The types of a message.
const (
	OpText   = codec.OpText   // UTF-8 text, validated when it is received
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
