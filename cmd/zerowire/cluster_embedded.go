//go:build embedded

package main

import (
	"log/slog"
	"net"
	"strconv"

	"github.com/zerowire/websocket/hub/natsbroker/embedded"
)

// clusterUser is the name under which the servers know each other's secret.
const clusterUser = "zerowire"

func init() {
	startNATS = func(f *clusterFlags, host string, log *slog.Logger) (natsServer, error) {
		options := embedded.Options{ClusterListen: net.JoinHostPort(host, strconv.Itoa(f.ClusterPort)), Join: f.Join, Logger: log}
		if f.ClusterSecret != "" {
			options.ClusterUser, options.ClusterPassword = clusterUser, f.ClusterSecret
		}
		srv, err := embedded.Start(options)
		if err != nil {
			return nil, err // not srv, which is a nil pointer
		}
		return srv, nil
	}
}
