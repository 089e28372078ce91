package natsbroker_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/hub/natsbroker"
	"github.com/zerowire/websocket/hub/natsbroker/embedded"
	"github.com/zerowire/websocket/internal/wstest"
)

// A node is a process of its own: this test binary, run again. It has an embedded
// server, or uses one that is there, and serves a hub to WebSocket clients, who
// send "sub PATTERN", "pub TOPIC TEXT", "join TOPIC NAME" and "who TOPIC", and get what
// is published, and who there is.

// nodeEnv is set for a node, to where its cluster listens and whom it joins, with
// a space between them; or to the URL of a NATS server.
const nodeEnv = "ZEROWIRE_TEST_NODE"

// nodeHeartbeat is that of its hub.
const nodeHeartbeat = 500 * time.Millisecond

// node is a node's main function.
func node() int {
	if err := runNode(strings.Fields(os.Getenv(nodeEnv))); err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		return 1
	}
	return 0
}

func runNode(args []string) error {
	slog.SetDefault(quiet)
	url, o := args[0], &natsbroker.Options{NATS: []nats.Option{nats.Timeout(patience)}}
	if !strings.Contains(url, "//") {
		srv, err := embedded.Start(embedded.Options{ClusterListen: args[0], Join: args[1:]})
		if err != nil {
			return err
		}
		defer srv.Shutdown()
		url, o.NATS = "", srv.ClientOptions()
	}
	broker, err := natsbroker.Connect(url, o)
	if err != nil {
		return err
	}
	h, err := hub.New(&hub.Options{Broker: broker, Heartbeat: nodeHeartbeat})
	if err != nil {
		return err
	}
	defer h.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	srv := &websocket.Server{Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
		command, rest, _ := strings.Cut(string(p), " ")
		var err error
		switch topic, text, _ := strings.Cut(rest, " "); command {
		case "sub":
			err = h.Subscribe(c, topic)
		case "pub":
			err = h.Publish(topic, op, []byte(topic+" "+text))
		case "join":
			err = h.Join(c, topic, text)
		case "who":
			err = c.Write(background, op, fmt.Append(nil, "who ", strings.Join(h.Members(topic), " ")))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "node:", err)
		}
	})}
	go srv.Serve(ln)
	defer srv.Close()
	bufio.NewReader(os.Stdin).ReadString(0) // until the test ends, however it does
	return nil
}

// process is a child process that is killed with the test.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner // of its standard output
}

func startProcess(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	in, err := cmd.StdinPipe() // it ends with this process
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %v: %v", cmd, err)
	}
	p := &process{cmd, bufio.NewScanner(out)}
	t.Cleanup(func() {
		in.Close()
		p.kill()
	})
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.Process.Kill()
	p.Wait()
}

// startNode starts a node and returns it with a client that has subscribed to "*".
func startNode(t testing.TB, args ...string) (*process, *client) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), nodeEnv+"="+strings.Join(args, " "))
	cmd.Stderr = os.Stderr
	p := startProcess(t, cmd)
	if !p.lines.Scan() {
		t.Fatal("the node has ended")
	}
	c, err := websocket.Dial(background, "ws://"+p.lines.Text(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	client := &client{Conn: c}
	client.reading.Go(client.read)
	t.Cleanup(func() {
		c.CloseNow()
		client.reading.Wait()
	})
	client.say(t, "sub *")
	return p, client
}

// client is a WebSocket client of a node.
type client struct {
	*websocket.Conn
	recorder
	reading sync.WaitGroup
}

func (c *client) read() {
	for {
		_, p, err := c.Read(background)
		if err != nil {
			return
		}
		topic, text, _ := strings.Cut(string(p), " ")
		c.Deliver(topic, []byte(text))
	}
}

func (c *client) say(t testing.TB, command string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(background, patience)
	defer cancel()
	if err := c.Write(ctx, websocket.OpText, []byte(command)); err != nil {
		t.Fatalf("a node does not listen: %v", err)
	}
}

// exchange waits until messages of each client reach all others, and then checks
// that many come once and in order.
func exchange(t *testing.T, round string, clients ...*client) {
	t.Helper()
	const n = 100
	for i, from := range clients {
		topic := fmt.Sprint("from.", i)
		for _, to := range clients {
			eventually(t, "linked: "+round, func() bool {
				from.say(t, "pub "+topic+" "+probe+round)
				return to.has(message{topic, probe + round})
			})
		}
	}
	for i, from := range clients {
		for _, text := range numbers(round+":", n) {
			from.say(t, fmt.Sprintf("pub from.%d %s", i, text))
		}
	}
	for i := range clients {
		for j, to := range clients {
			topic, want := fmt.Sprint("from.", i), numbers(round+":", n)
			eventually(t, "all there: "+round, func() bool { return to.has(message{topic, want[n-1]}) })
			texts := to.on(topic)
			if texts = texts[len(texts)-n:]; !slices.Equal(texts, want) {
				t.Errorf("%s: client %d got of client %d the messages %q", round, j, i, texts)
			}
		}
	}
}

// wantMembers waits until the node of each client says that these have joined a room.
func wantMembers(t *testing.T, want string, clients ...*client) {
	t.Helper()
	for i, c := range clients {
		eventually(t, fmt.Sprintf("told client %d that %q are there", i, want), func() bool {
			c.say(t, "who room")
			texts := c.on("who")
			return len(texts) > 0 && texts[len(texts)-1] == want
		})
	}
}

// Three processes with embedded servers form a cluster. One is killed, and comes
// back at its place; its members go, and come back, with it.
func TestKilledNode(t *testing.T) {
	t.Parallel()
	first, second, third := wstest.FreeAddr(t), wstest.FreeAddr(t), wstest.FreeAddr(t)
	p1, c1 := startNode(t, first)
	_, c2 := startNode(t, second, first)
	p3, c3 := startNode(t, third, first)
	exchange(t, "three", c1, c2, c3)
	for i, c := range []*client{c1, c2, c3} {
		c.say(t, fmt.Sprint("join room c", i+1))
	}
	wantMembers(t, "c1 c2 c3", c1, c2, c3)
	p3.kill()
	exchange(t, "one is killed", c1, c2)
	wantMembers(t, "c1 c2", c1, c2)
	_, c3 = startNode(t, third, first)
	exchange(t, "it is back", c1, c2, c3)
	wantMembers(t, "c1 c2", c1, c2, c3)
	c3.say(t, "join room c3")
	wantMembers(t, "c1 c2 c3", c1, c2, c3)
	p1.kill() // the one that the others have joined
	exchange(t, "the first is killed", c2, c3)
	wantMembers(t, "c2 c3", c2, c3)
	_, c1 = startNode(t, first)
	exchange(t, "the first is back", c1, c2, c3)
}

// natsServer starts Debian's NATS server, or whatever is called nats-server here.
func natsServer(t testing.TB, addr string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath("nats-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("nats-server is not installed: apt-get install nats-server")
		}
		t.Skip("nats-server is not installed: apt-get install nats-server")
	}
	host, port, _ := net.SplitHostPort(addr)
	p := startProcess(t, exec.Command(path, append([]string{"-a", host, "-p", port}, args...)...))
	eventually(t, "answered by nats-server", func() bool {
		nc, err := nats.Connect("nats://" + addr)
		if err == nil {
			nc.Close()
		}
		return err == nil
	})
	return p
}

// Hubs of two processes on a NATS server that is killed, and comes back.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	addr := wstest.FreeAddr(t)
	server := natsServer(t, addr)
	_, c1 := startNode(t, "nats://"+addr)
	_, c2 := startNode(t, "nats://"+addr)
	exchange(t, "before", c1, c2)
	server.kill()
	natsServer(t, addr)
	exchange(t, "after", c1, c2)
}
