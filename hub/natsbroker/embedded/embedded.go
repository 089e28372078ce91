// Package embedded runs a NATS server inside the process, for hubs that need no
// other: one process, or several that form a cluster.
//
// The first node listens for the others, and each further one names one that is
// there already; they tell each other of the rest and connect all to all.
//
//	srv, err := embedded.Start(embedded.Options{
//		ClusterListen: "10.0.0.2:6222",
//		Join:          []string{"10.0.0.1:6222"},
//	})
//	…
//	defer srv.Shutdown()
//	broker, err := natsbroker.Connect("", &natsbroker.Options{NATS: srv.ClientOptions()})
//
// The Broker's connection does not leave the process. Close it before the server
// is shut down.
//
// Nobody is asked for a password unless Options say so: whoever reaches the
// cluster's port reads and writes every message. Listen where only the nodes are,
// or set ClusterUser and ClusterPassword, and ClusterTLS.
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

// Options say what server to start. The zero value is a server that only its own
// process reaches.
type Options struct {
	// Name of the server, one of its own in the cluster. Default: the host's name
	// and some random characters. A server with StoreDir needs one that stays the
	// same.
	Name string

	// ClusterListen is the address, "host:port", where the other nodes connect: all
	// of them, so on several machines each needs one that the others reach. Port 0
	// chooses one. Empty: no cluster, or with Join one on the loopback interface.
	ClusterListen string

	// ClusterName has to be the same on all nodes. Default "zerowire".
	ClusterName string

	// ClusterAdvertise is the address, "host:port", by which the other nodes reach
	// this one, where it is not that of ClusterListen (containers, NAT).
	ClusterAdvertise string

	// Join lists the cluster addresses of other nodes, "host:port". One that is
	// there is enough; those that are not yet are tried until they come.
	Join []string

	// ClusterUser and ClusterPassword are what the nodes show each other.
	ClusterUser, ClusterPassword string

	// ClusterTLS secures the connections between the nodes, in both directions: it
	// needs a certificate, RootCAs and ClientCAs.
	ClusterTLS *tls.Config

	// Listen is the address, "host:port", for NATS clients outside the process,
	// such as the nats command. Empty: none; a server of a cluster has a port on the
	// loopback interface nevertheless, with a password that only the process knows.
	Listen string

	// StoreDir turns JetStream on and is where it keeps its files. A cluster with
	// JetStream needs at least three nodes, which all name the others in Join.
	StoreDir string

	// Logger gets what the server says: notices as Debug, errors as Error. Default
	// slog.Default().
	Logger *slog.Logger

	// ReadyTimeout is how long Start waits for the server to be ready. Default 10 s.
	ReadyTimeout time.Duration

	// Configure may change everything else before the server starts.
	Configure func(*server.Options)
}

// Server is a running NATS server. All methods may be called concurrently.
type Server struct {
	nats *server.Server
	opts *server.Options
}

// Start starts a server, and returns when it takes connections. The other nodes
// need not be there yet.
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
			ConnectRetries: 1000, // to nodes that others have told us of
			ConnectBackoff: true,
		},
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

// split returns the parts of an address as the NATS server wants them: port -1 for
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

// ClientOptions are what connects a NATS client to the server without leaving the
// process, with an empty URL.
func (s *Server) ClientOptions() []nats.Option {
	options := []nats.Option{nats.InProcessServer(s.nats)}
	switch {
	case s.opts.Authorization != "":
		options = append(options, nats.Token(s.opts.Authorization))
	case s.opts.Username != "":
		options = append(options, nats.UserInfo(s.opts.Username, s.opts.Password))
	}
	return options
}

// ClusterAddr returns the address where the server listens for other nodes, nil
// if it does not.
func (s *Server) ClusterAddr() net.Addr {
	if addr := s.nats.ClusterAddr(); addr != nil {
		return addr
	}
	return nil
}

// ClientAddr returns the address where the server listens for clients outside the
// process, nil if it does not.
func (s *Server) ClientAddr() net.Addr { return s.nats.Addr() }

// Peers returns to how many other nodes of the cluster there is a connection.
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

// Shutdown ends the server and its connections, and returns when it has ended.
func (s *Server) Shutdown() {
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
}
