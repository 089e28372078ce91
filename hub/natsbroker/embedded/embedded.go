// Package embedded runs a NATS server inside the process, for hubs without an external
// one: for a single process, or for several processes that form a cluster.
//
// The first node listens for the others. Each further node needs the address of one
// node that is running. The nodes exchange the other addresses and connect to each
// other.
//
//	srv, err := embedded.Start(embedded.Options{
//		ClusterListen: "10.0.0.2:6222",
//		Join:          []string{"10.0.0.1:6222"},
//	})
//	…
//	defer srv.Shutdown()
//	broker, err := natsbroker.Connect("", &natsbroker.Options{NATS: srv.ClientOptions()})
//
// The Broker's connection stays inside the process. Close the Broker before the server
// is shut down.
//
// Security: by default there is no password, and a client that reaches the cluster's
// port can read and write every message. Listen on a network of the nodes only, or set
// ClusterUser and ClusterPassword, and ClusterTLS.
package embedded

import (
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options are the settings of a [Server]. The zero value is a server that only its own
// process can reach.
type Options struct {
	// Name is the name of the server, unique in the cluster. Default: the host name and
	// random characters. A server with StoreDir needs a name that does not change.
	Name string

	// ClusterListen is the address, "host:port", where all other nodes connect. On
	// several machines each node needs an address that the others can reach. Port 0
	// selects a free port. Default: no cluster, or with Join one on the loopback
	// interface.
	ClusterListen string

	// ClusterName must be the same on all nodes. Default: "zerowire".
	ClusterName string

	// ClusterAdvertise is the address, "host:port", at which other nodes reach this
	// one, if it differs from ClusterListen (containers, NAT).
	ClusterAdvertise string

	// Join lists the cluster addresses, "host:port", of other nodes. One running node
	// is sufficient. The server keeps trying the others.
	Join []string

	// ClusterUser and ClusterPassword authenticate the nodes to each other.
	ClusterUser, ClusterPassword string

	// ClusterTLS secures the connections between nodes, in both directions. It needs a
	// certificate, RootCAs and ClientCAs.
	ClusterTLS *tls.Config

	// Listen is the address, "host:port", for NATS clients outside the process, such as
	// the nats command. Default: none. A server in a cluster then still listens on a
	// port of the loopback interface, with a random token that stays in the process.
	Listen string

	// StoreDir is the directory for the files of JetStream, and enables JetStream. A
	// cluster with JetStream needs at least three nodes, which all list the others in
	// Join.
	StoreDir string

	// Logger receives the log of the server: notices as Debug, errors as Error.
	// Default: slog.Default().
	Logger *slog.Logger

	// ReadyTimeout limits the time that Start waits for the server to be ready.
	// Default: 10 s.
	ReadyTimeout time.Duration

	// Configure may change all other settings before the server starts. May be nil.
	Configure func(*server.Options)
}

// Server is a running NATS server. All methods may be called concurrently.
type Server struct {
	nats *server.Server
	opts *server.Options
}

// Start starts a server, and returns when it accepts connections. Other nodes need not be
// running. The caller must call [Server.Shutdown].
func Start(o Options) (*Server, error) {
	opts, err := o.server()
	if err != nil {
		return nil, err
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	logger := &logger{slog: o.Logger}
	if logger.slog == nil {
		logger.slog = slog.Default()
	}
	srv.SetLoggerV2(logger, false, false, false)
	s := &Server{srv, opts}
	go srv.Start() // it returns when the server is shut down
	patience := o.ReadyTimeout
	if patience <= 0 {
		patience = 10 * time.Second
	}
	for deadline := time.Now().Add(patience); !srv.ReadyForConnections(patience / 20); {
		if err := logger.failure(); err != nil || time.Now().After(deadline) {
			s.Shutdown()
			return nil, cmp.Or(err, fmt.Errorf("embedded: the NATS server was not ready after %v", patience))
		}
	}
	return s, nil
}

// server returns the options of the NATS server.
func (o Options) server() (*server.Options, error) {
	opts := &server.Options{
		ServerName: o.Name,
		NoSigs:     true,
		DontListen: o.Listen == "",
		Cluster: server.ClusterOpts{
			Name:           o.ClusterName,
			Advertise:      o.ClusterAdvertise,
			Username:       o.ClusterUser,
			Password:       o.ClusterPassword,
			TLSConfig:      o.ClusterTLS,
			ConnectRetries: 1000, // to nodes that other nodes have announced
			ConnectBackoff: true,
		},
	}
	if o.Listen == "" { // nobody else has the token
		opts.AuthTimeout = inProcess.Seconds()
	}
	var err error
	if opts.Host, opts.Port, err = split("Listen", o.Listen); err != nil {
		return nil, err
	}
	listen := o.ClusterListen
	if listen == "" && len(o.Join) > 0 {
		listen = "127.0.0.1:0"
	}
	if opts.Cluster.Host, opts.Cluster.Port, err = split("ClusterListen", listen); err != nil {
		return nil, err
	}
	if listen != "" && opts.Cluster.Name == "" {
		opts.Cluster.Name = "zerowire"
	}
	if o.Listen == "" && listen != "" {
		// A NATS server that does not listen for clients does not form a cluster.
		opts.DontListen, opts.Host, opts.Port = false, "127.0.0.1", server.RANDOM_PORT
		opts.Authorization = rand.Text()
		opts.Cluster.NoAdvertise = true
	}
	if o.ClusterTLS != nil {
		opts.Cluster.TLSTimeout = 5
	}
	for _, addr := range o.Join {
		if _, _, err := split("Join", addr); err != nil {
			return nil, err
		}
		route := &url.URL{Scheme: "nats-route", Host: addr}
		if o.ClusterUser != "" {
			route.User = url.UserPassword(o.ClusterUser, o.ClusterPassword)
		}
		opts.Routes = append(opts.Routes, route)
	}
	if o.StoreDir != "" {
		opts.JetStream, opts.StoreDir = true, o.StoreDir
		if o.Name == "" && listen != "" {
			return nil, errors.New("embedded: a cluster with StoreDir needs a Name for each server, the same at every start")
		}
	}
	if opts.ServerName == "" {
		host, _ := os.Hostname()
		opts.ServerName = host + "-" + strings.ToLower(rand.Text()[:8])
	}
	if o.Configure != nil {
		o.Configure(opts)
	}
	return opts, nil
}

// split returns the parts of an address as the NATS server expects them: port -1 for
// any, and 0 for none.
func split(field, addr string) (host string, port int, err error) {
	if addr == "" {
		return "", 0, nil
	}
	host, digits, err := net.SplitHostPort(addr)
	if err == nil {
		port, err = strconv.Atoi(digits)
	}
	if err == nil && (port < 0 || port > 65535 || port == 0 && field == "Join") {
		err = fmt.Errorf("port %d cannot be used", port)
	}
	if err != nil {
		return "", 0, fmt.Errorf(`embedded: %s %q is not "host:port": %w`, field, addr, err)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// inProcess limits the time of connecting inside the process. The default of NATS, 2 s, is
// exceeded when the process does not run for so long.
const inProcess = 10 * time.Second

// ClientOptions returns options that connect a NATS client to the server inside the
// process, with an empty URL.
func (s *Server) ClientOptions() []nats.Option {
	options := []nats.Option{nats.InProcessServer(s.nats), nats.Timeout(inProcess)}
	switch {
	case s.opts.Authorization != "":
		options = append(options, nats.Token(s.opts.Authorization))
	case s.opts.Username != "":
		options = append(options, nats.UserInfo(s.opts.Username, s.opts.Password))
	}
	return options
}

// ClusterAddr returns the address where the server listens for other nodes, or nil.
func (s *Server) ClusterAddr() net.Addr {
	if addr := s.nats.ClusterAddr(); addr != nil {
		return addr
	}
	return nil
}

// ClientAddr returns the address where the server listens for clients outside the
// process, or nil.
func (s *Server) ClientAddr() net.Addr { return s.nats.Addr() }

// Peers returns the number of other nodes of the cluster that are connected.
func (s *Server) Peers() int {
	peers := make(map[string]bool) // there are several connections to each
	routes, err := s.nats.Routez(nil)
	if err != nil {
		return 0
	}
	for _, r := range routes.Routes {
		peers[r.RemoteID] = true
	}
	return len(peers)
}

// Shutdown ends the server and its connections, and returns when they have ended.
func (s *Server) Shutdown() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}
