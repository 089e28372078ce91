package interop

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// peer is another library, and what it cannot do.
type peer struct {
	name  string
	start func(t *testing.T) library

	// lacks maps the scenarios that this peer cannot play to the reason, under their
	// name for both directions, or with " as client" or " as server" behind it.
	lacks map[string]string
}

func inProcess(l library) func(*testing.T) library {
	return func(*testing.T) library { return l }
}

var peers = []peer{
	{name: "gorilla", start: inProcess(gorilla{}), lacks: map[string]string{
		"compressed in a small window as server": "it takes offers of a window for ones of none",
	}},
	{name: "coder", start: inProcess(coder{}), lacks: map[string]string{
		"compressed in a small window as server": "it has one window, and declines offers of others",
	}},
	{name: "gws", start: inProcess(lxzan{}), lacks: map[string]string{
		"no common sub-protocol":            "it wants one if it speaks any",
		"no sub-protocol offered as server": "it wants one if it speaks any",
		"foreign origin as server":          "it leaves origins to its user",
		"empty close by them":               "it always sends a status",

		"pings between compressed messages": "it has them in the window that it refers to",
	}},
	{name: "gobwas", start: inProcess(gobwas{}), lacks: map[string]string{
		"foreign origin as server": "it leaves origins to its user",
		"too large for them":       "it leaves the answer to its user",

		"compressed":                        "it leaves extensions to its user",
		"compressed with takeover":          "it leaves extensions to its user",
		"compressed in a small window":      "it leaves extensions to its user",
		"pings between compressed messages": "it leaves extensions to its user",
		"compressed burst":                  "it leaves extensions to its user",
		"compressed, too large for us":      "it leaves extensions to its user",
	}},
	{name: "node-ws", start: startNode, lacks: map[string]string{
		"no common sub-protocol as client": "it fails if it has offered one and the server takes none",
	}},
	{name: "python-websockets", start: startPython, lacks: map[string]string{
		"empty close by them": "it always sends a status",
	}},
	{name: "ourselves", start: inProcess(oursBlocking), lacks: map[string]string{
		"not UTF-8": "we cannot send it",
	}},
}

// TestInterop plays each scenario with each peer as a client of our servers and
// as a server of our clients.
func TestInterop(t *testing.T) {
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			theirs := p.start(t)
			for _, s := range scenarios {
				if p.can(s, asClient) {
					for _, us := range []ours{oursEvents, oursBlocking, oursUpgrade} {
						t.Run(fmt.Sprintf("%s/client of our server/%s", s.name, us.name), func(t *testing.T) {
							t.Parallel()
							s.run(t, theirs, us, false)
						})
					}
				}
				if p.can(s, asServer) {
					for _, us := range []ours{oursEvents, oursBlocking} {
						t.Run(fmt.Sprintf("%s/server of our client/%s", s.name, us.name), func(t *testing.T) {
							t.Parallel()
							s.run(t, us, theirs, true)
						})
					}
				}
			}
		})
	}
}

const (
	asClient = " as client"
	asServer = " as server"
)

// can reports whether the peer can play s in that role.
func (p peer) can(s scenario, role string) bool {
	return p.lacks[s.name] == "" && p.lacks[s.name+role] == ""
}

// TestLacks finds exceptions that no scenario has any more.
func TestLacks(t *testing.T) {
	known := map[string]bool{}
	for _, s := range scenarios {
		known[s.name], known[s.name+asClient], known[s.name+asServer] = true, true, true
	}
	for _, p := range peers {
		for name := range p.lacks {
			if !known[name] {
				t.Errorf("%s lacks %q, which is no scenario", p.name, name)
			}
		}
	}
}

// run connects client and server and plays the scenario.
func (s scenario) run(t *testing.T, client, server library, weDial bool) {
	s.client.limit, s.server.limit = s.theirLimit, s.ourLimit
	if weDial {
		s.client.limit, s.server.limit = s.ourLimit, s.theirLimit
	}
	url, accepted := server.Listen(t, s.server)
	var p *tap
	if s.tapped {
		url, p = newTap(t, url)
	}
	dialed, err := client.Dial(t, url, s.client)
	if s.refused != 0 {
		if no, ok := errors.AsType[refused](err); !ok || int(no) != s.refused {
			t.Errorf("Dial: %v, want %v", err, refused(s.refused))
		}
		return
	}
	if err != nil {
		t.Fatalf("Dial: %v", err)
	}
	var served end
	select {
	case served = <-accepted:
	case <-time.After(patience):
		t.Fatal("the server has not accepted")
	}
	if weDial {
		s.play(t, dialed, served, p)
	} else {
		s.play(t, served, dialed, p)
	}
}
