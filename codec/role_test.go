package codec

import "testing"

func TestRole(t *testing.T) {
	for _, tt := range []struct {
		role, peer Role
		text       string
	}{
		{Server, Client, "server"},
		{Client, Server, "client"},
	} {
		if got := tt.role.Peer(); got != tt.peer {
			t.Errorf("%v.Peer() = %v, want %v", tt.role, got, tt.peer)
		}
		if got := tt.role.String(); got != tt.text {
			t.Errorf("Role(%d).String() = %q, want %q", tt.role, got, tt.text)
		}
	}
}
