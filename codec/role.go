package codec

// Role is the role of an endpoint. It selects which side masks: a client masks every
// frame, a server none (RFC 6455 §5.1).
type Role uint8

// The two roles.
const (
	Server Role = iota
	Client
)

// Peer returns the role of the other endpoint.
func (r Role) Peer() Role { return r ^ 1 }

// String returns "server" or "client".
func (r Role) String() string {
	if r == Server {
		return "server"
	}
	return "client"
}
