package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/zerowire/websocket/hub"
	"github.com/zerowire/websocket/hub/natsbroker"
)

// clusterFlags are the flags by which several `zerowire serve` become one chat and
// one board.
type clusterFlags struct {
	Cluster       string   `placeholder:"embedded|URL" help:"Share chat and board with other servers: through the NATS server at nats://HOST:PORT, or through those of the servers themselves (embedded), if zerowire was built with -tags embedded."`
	ClusterPort   int      `placeholder:"PORT" help:"With --cluster embedded, the port at which other servers join this one, on the host of --listen (default: a free one)."`
	ClusterSecret string   `env:"ZEROWIRE_CLUSTER_SECRET" placeholder:"SECRET" help:"With --cluster embedded, what servers have to know to join."`
	Join          []string `placeholder:"ADDR" help:"With --cluster embedded, where another server can be joined. May be repeated; one that is there is enough."`
}

// maxBacklog is how many bytes may wait for a slow connection before it is
// closed with 1013: it must not slow the others, and a gap would leave it with a
// wrong picture.
const maxBacklog = 256 << 10

// heartbeat is how often servers tell each other that they are there: one that is
// silent for three times as long has left, and its players with it.
const heartbeat = 2 * time.Second

func (f *clusterFlags) validate(listen string) error {
	embedded := f.Cluster == "embedded"
	switch {
	case embedded && startNATS == nil:
		return errors.New("--cluster embedded: this zerowire was built without a NATS server: install one with it by go install -tags embedded github.com/zerowire/websocket/cmd/zerowire@latest, or run nats-server and give --cluster nats://127.0.0.1:4222")
	case !embedded && (f.ClusterPort != 0 || len(f.Join) > 0):
		return errors.New("--cluster-port and --join are of --cluster embedded: give that, too")
	case f.ClusterPort < 0 || f.ClusterPort > 65535:
		return fmt.Errorf("--cluster-port %d: a port is at most 65535", f.ClusterPort)
	case f.Cluster != "" && !embedded && !strings.HasPrefix(f.Cluster, "nats://") && !strings.HasPrefix(f.Cluster, "tls://"):
		return fmt.Errorf(`--cluster %q: give "embedded", or the URL of a NATS server such as nats://127.0.0.1:4222`, f.Cluster)
	case embedded && f.ClusterSecret == "" && !isLoopback(listen):
		return fmt.Errorf("--cluster embedded: --listen %s is not a loopback address, and the cluster has no secret: give --cluster-secret, the same for all nodes", listen)
	}
	for _, addr := range f.Join {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("--join %q: give host and port, as the other server prints them", addr)
		}
	}
	return nil
}

// isLoopback reports whether only this machine reaches a server that listens on
// addr.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

// cluster is the hub of this server and what connects it to those of others.
type cluster struct {
	hub  *hub.Hub
	nats natsServer // nil unless embedded
}

// natsServer is a NATS server in this process.
type natsServer interface {
	ClusterAddr() net.Addr
	ClientOptions() []nats.Option
	Shutdown()
}

// startNATS starts a NATS server in this process, which other servers join on host. It
// is nil unless zerowire was built with the tag embedded: the server is more than half
// of the program.
var startNATS func(f *clusterFlags, host string, log *slog.Logger) (natsServer, error)

// open makes the hub, and joins the cluster if there is one.
func (f *clusterFlags) open(listen string, log *slog.Logger) (c *cluster, err error) {
	c = new(cluster)
	options := &hub.Options{Overflow: hub.Disconnect, MaxPending: maxBacklog, Heartbeat: heartbeat, Logger: log}
	if f.Cluster != "" {
		if options.Broker, err = f.connect(c, listen, log); err != nil {
			err = fmt.Errorf("--cluster %s: %w", f.Cluster, err)
		}
	}
	if err == nil {
		c.hub, err = hub.New(options)
	}
	if err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// connect connects to the NATS server, which it starts if it is to be embedded.
func (f *clusterFlags) connect(c *cluster, listen string, log *slog.Logger) (hub.Broker, error) {
	url, options := f.Cluster, []nats.Option{nats.RetryOnFailedConnect(true)}
	if url == "embedded" {
		host, _, err := net.SplitHostPort(listen)
		if err != nil {
			return nil, err
		}
		if c.nats, err = startNATS(f, host, log); err != nil {
			return nil, err
		}
		url, options = "", c.nats.ClientOptions()
	}
	return natsbroker.Connect(url, &natsbroker.Options{Logger: log, NATS: options})
}

func (c *cluster) close() {
	if c.hub != nil {
		c.hub.Close()
	}
	if c.nats != nil {
		c.nats.Shutdown()
	}
}
