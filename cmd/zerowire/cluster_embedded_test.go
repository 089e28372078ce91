//go:build embedded

package main

import "testing"

func init() {
	clusters["embedded"] = func(*testing.T) string { return "--cluster=embedded" }
}

func TestClusterSecret(t *testing.T) {
	t.Parallel()
	a := startServe(t, "--cluster=embedded", "--cluster-secret=open sesame")
	join := "--join=" + a.said(t, `^To be joined at (\S+)$`)[1]
	wrong := startServe(t, "--cluster=embedded", "--cluster-secret=open barley", join)
	right := startServe(t, "--cluster=embedded", "--cluster-secret=open sesame", join)
	open(t, a.addr, "/ws", "chat")
	open(t, wrong.addr, "/ws", "chat")
	open(t, right.addr, "/ws", "chat")
	untilCrowd(t, right, "? ?", "")
	untilCrowd(t, a, "? ?", "")
	untilCrowd(t, wrong, "?", "")
	wrong.said(t, "Authorization Violation")
}
