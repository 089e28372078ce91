package main

import (
	"strings"
	"testing"
)

// TestCheckRequirements: a go.mod that go install or go get would refuse is found.
func TestCheckRequirements(t *testing.T) {
	const head = "module github.com/zerowire/websocket/h2\n\ngo 1.26.0\n\n"
	for _, tt := range []struct {
		name string
		mod  string
		want string // in the error; "" if there is none
	}{
		{"no requirement", head, ""},
		{"at the version", head + "require github.com/zerowire/websocket v0.2.0\n", ""},
		{"another module", head + "require golang.org/x/net v0.62.0\n", ""},
		{"at another version", head + "require github.com/zerowire/websocket v0.1.0\n", "at v0.1.0, not at v0.2.0"},
		{"nested, at another version", head + "require github.com/zerowire/websocket/hub/natsbroker v0.0.0\n", "natsbroker at v0.0.0"},
		{"nested, published before", head + "require github.com/zerowire/websocket/hub/natsbroker v0.2.0\n", ""},
		{"not published before", head + "require github.com/zerowire/websocket/gorilla v0.2.0\n", "does not list before it"},
		{"replace", head + "replace github.com/zerowire/websocket => ../\n", "replaces github.com/zerowire/websocket"},
		{"not a go.mod", "go go go\n", "go.mod:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := checkRequirements([]byte(tt.mod), "v0.2.0", []string{".", "hub/natsbroker"})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("checkRequirements() = %v, want %q in it", err, tt.want)
			}
		})
	}
}
