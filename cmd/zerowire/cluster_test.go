package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startNATSServer starts Debian's nats-server on a free port, and returns --cluster for it.
func startNATSServer(t *testing.T) (flag string) {
	t.Helper()
	path, err := exec.LookPath("nats-server")
	need(t, err, "apt-get install nats-server")
	cmd := exec.Command(path, "--addr=127.0.0.1", "--port=-1")
	p, err := startProcess(cmd, `Listening for client connections on (\S+)`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.stop() })
	return "--cluster=nats://" + p.addr
}

// clusters are the ways to connect servers: what to start the first one with.
var clusters = map[string]func(t *testing.T) (flag string){"NATS": startNATSServer}

// eachCluster runs f with two servers for each of the ways.
func eachCluster(t *testing.T, f func(t *testing.T, a, b *process)) {
	for name, flag := range clusters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startServe(t, flag(t))
			f(t, a, startBeside(t, a))
		})
	}
}

// startBeside starts a server in the cluster of a.
func startBeside(t *testing.T, a *process) *process {
	t.Helper()
	args := slices.DeleteFunc(slices.Clone(a.cmd.Args), func(arg string) bool { return !strings.HasPrefix(arg, "--cluster") })
	if slices.Contains(args, "--cluster=embedded") {
		args = append(args, "--join="+a.said(t, `^To be joined at (\S+)$`)[1])
	}
	return startServe(t, args...)
}

// untilCrowd waits until a server lists these names in its chat and on its board,
// "?" for somebody who has not spoken.
func untilCrowd(t *testing.T, p *process, chat, players string) {
	t.Helper()
	w := open(t, p.addr, "/ws", "figures")
	defer w.Close()
	names := func(c crowd) string {
		for i, name := range c.Names {
			if strings.HasPrefix(name, silentPrefix) {
				c.Names[i] = silentPrefix
			}
		}
		slices.Sort(c.Names)
		return strings.Join(c.Names, " ")
	}
	for deadline := time.Now().Add(patience); ; {
		opcode, payload := w.receive(t)
		if opcode == ping {
			w.send(t, true, pong, payload)
			continue
		}
		var got report
		if err := json.Unmarshal([]byte(payload), &got); err != nil {
			t.Fatalf("received opcode %#x %.100q, want figures: %v", opcode, payload, err)
		}
		if names(got.Chat) == chat && names(got.Players) == players {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s lists %q in the chat and %q on the board, want %q and %q", p.addr, got.Chat.Names, got.Players.Names, chat, players)
		}
	}
}

func TestClusterIsOneChat(t *testing.T) { eachCluster(t, testOneChat) }

func testOneChat(t *testing.T, a, b *process) {
	ann, bob := open(t, a.addr, "/ws", "chat"), open(t, b.addr, "/ws", "chat")
	untilCrowd(t, a, "? ?", "")
	untilCrowd(t, b, "? ?", "")
	for i := range 3 {
		message := fmt.Sprintf(`{"name":"ann","text":"hello %d"}`, i)
		ann.send(t, true, text, message)
		ann.want(t, text, message)
		bob.want(t, text, message)
		message = fmt.Sprintf(`{"name":"bob","text":"and %d"}`, i)
		bob.send(t, true, text, message)
		bob.want(t, text, message)
		ann.want(t, text, message)
	}
	untilCrowd(t, a, "ann bob", "")
	untilCrowd(t, b, "ann bob", "")
	bob.send(t, true, closing, closePayload(1000, ""))
	untilCrowd(t, a, "ann", "")
}

func TestClusterIsOneBoard(t *testing.T) { eachCluster(t, testOneBoard) }

func testOneBoard(t *testing.T, a, b *process) {
	ann := open(t, a.addr, "/ws", "gamepos")
	ann.send(t, true, text, `{"id":"teal","x":0.5,"y":0.5}`)
	bob := open(t, b.addr, "/ws", "gamepos")
	bob.want(t, text, `{"id":"teal","x":0.5,"y":0.5}`)
	bob.send(t, true, text, `{"id":"plum","x":0,"y":1}`)
	ann.want(t, text, `{"id":"plum","x":0,"y":1}`)
	ann.send(t, true, text, `{"id":"teal","x":0.25,"y":0.5}`)
	bob.want(t, text, `{"id":"teal","x":0.25,"y":0.5}`)
	untilCrowd(t, a, "", "plum teal")
	untilCrowd(t, b, "", "plum teal")

	eve := open(t, b.addr, "/ws", "gamepos") // takes an id of the other server's
	for range 2 {
		if opcode, payload := eve.receive(t); opcode != text {
			t.Errorf("received opcode %#x %.100q, want where the two are", opcode, payload)
		}
	}
	eve.send(t, true, text, `{"id":"teal","x":0,"y":0}`)
	eve.wantClose(t, 1008)

	bob.send(t, true, closing, closePayload(1000, ""))
	ann.want(t, text, `{"id":"plum","left":true}`)

	// A server that dies takes its players with it.
	dora := open(t, b.addr, "/ws", "gamepos")
	dora.send(t, true, text, `{"id":"rose","x":1,"y":1}`)
	ann.want(t, text, `{"id":"rose","x":1,"y":1}`)
	untilCrowd(t, a, "", "rose teal")
	if err := b.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ann.SetDeadline(time.Now().Add(3*heartbeat + patience))
	ann.want(t, text, `{"id":"rose","left":true}`)
}

func TestClusterFlags(t *testing.T) {
	const loopback = "127.0.0.1:8000"
	for _, tt := range []struct {
		name   string
		flags  clusterFlags
		listen string
		want   string // part of the error, empty for none
	}{
		{"none", clusterFlags{}, ":8000", ""},
		{"embedded", clusterFlags{Cluster: "embedded", ClusterPort: 6222, Join: []string{"10.0.0.1:6222"}}, loopback, ""},
		{"embedded, IPv6", clusterFlags{Cluster: "embedded"}, "[::1]:8000", ""},
		{"embedded, localhost", clusterFlags{Cluster: "embedded"}, "localhost:8000", ""},
		{"embedded for all, with a secret", clusterFlags{Cluster: "embedded", ClusterSecret: "s"}, ":8000", ""},
		{"embedded for all, without", clusterFlags{Cluster: "embedded"}, ":8000", "--cluster-secret"},
		{"embedded for a network, without", clusterFlags{Cluster: "embedded"}, "10.0.0.2:8000", "--cluster-secret"},
		{"NATS", clusterFlags{Cluster: "nats://127.0.0.1:4222"}, ":8000", ""},
		{"NATS over TLS", clusterFlags{Cluster: "tls://nats.example:4222"}, ":8000", ""},
		{"NATS, and the environment has a secret", clusterFlags{Cluster: "nats://127.0.0.1", ClusterSecret: "s"}, ":8000", ""},
		{"neither", clusterFlags{Cluster: "127.0.0.1:4222"}, loopback, `"embedded", or the URL`},
		{"a port without a cluster", clusterFlags{ClusterPort: 6222}, loopback, "--cluster embedded"},
		{"joining without a cluster", clusterFlags{Join: []string{"10.0.0.1:6222"}}, loopback, "--cluster embedded"},
		{"joining NATS", clusterFlags{Cluster: "nats://127.0.0.1", Join: []string{"10.0.0.1:6222"}}, loopback, "--cluster embedded"},
		{"joining without a port", clusterFlags{Cluster: "embedded", Join: []string{"10.0.0.1"}}, loopback, "host and port"},
		{"no port", clusterFlags{Cluster: "embedded", ClusterPort: 65536}, loopback, "65535"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if startNATS == nil && tt.flags.Cluster == "embedded" {
				tt.want = "-tags embedded"
			}
			err := tt.flags.validate(tt.listen)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("validate(%q) of %+v = %v, want %q in it", tt.listen, tt.flags, err, tt.want)
			}
		})
	}
}

// testClusterChats has two tabs, each on a server of its own.
func testClusterChats(t *testing.T, browser context.Context, a *process) {
	b := startBeside(t, a)
	ann, bob := openTab(t, browser, "http://"+a.addr+"/#chat"), openTab(t, browser, "http://"+b.addr+"/#chat")
	for _, tab := range []*tab{ann, bob} {
		tab.untilText("chat-here", "2 here: 2 silent")
	}
	ann.fill("#chat-name", "ann")
	bob.fill("#chat-name", "bob")
	said := func(name, said string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#chat-list .bubble")].some((bubble) =>
			bubble.querySelector("b").textContent === %q && bubble.querySelector(".said").textContent === %q)`, name, said)
	}
	ann.fill("#chat-text", "hello over there\r")
	bob.until(said("ann", "hello over there"))
	bob.fill("#chat-text", "hello back\r")
	ann.until(said("bob", "hello back"))
	for _, tab := range []*tab{ann, bob} {
		tab.untilText("chat-here", "2 here: ann, bob")
	}
	bob.click("#close")
	ann.untilText("chat-here", "1 here: ann")
}

// testClusterMovesDots has two tabs, each on a server of its own.
func testClusterMovesDots(t *testing.T, browser context.Context, a *process) {
	b := startBeside(t, a)
	ann, bob := openTab(t, browser, "http://"+a.addr+"/#gamepos"), openTab(t, browser, "http://"+b.addr+"/#gamepos")
	for _, tab := range []*tab{ann, bob} {
		tab.untilText("game-players", "2 players")
	}
	ann.click("#board")
	bob.until(`(({x, y}) => x + " " + y === "0.5 0.5")(document.querySelector("#board .dot:not(.mine)").dataset)`)
	ann.do(chromedp.Focus(chromedp.CSS("#board")), chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(chromedp.ModifierShift)))
	bob.until(`(({x, y}) => x + " " + y === "0.5 0.6")(document.querySelector("#board .dot:not(.mine)").dataset)`)
	bob.click("#board")
	ann.until(`(({x, y}) => x + " " + y === "0.5 0.5")(document.querySelector("#board .dot:not(.mine)").dataset)`)
	ann.wantNoEcho(bob)
	bob.wantNoEcho(ann)
	ann.click("#close")
	bob.untilText("game-players", "1 player")
}
