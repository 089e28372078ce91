// Command prometheus is an echo server whose connections and messages are counted for
// Prometheus. The hooks of Options do it for all handlers of a server.
//
//	go run ./examples/prometheus
//	curl http://127.0.0.1:9100/metrics
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/zerowire/websocket"
)

func main() {
	addr := flag.String("listen", "127.0.0.1:8000", "address to listen on")
	metrics := flag.String("metrics", "127.0.0.1:9100", "address of /metrics")
	flag.Parse()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector())
	go func() { log.Fatal(http.ListenAndServe(*metrics, metricsHandler(registry))) }()
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(newServer(registry).Serve(ln))
}

// metricsHandler serves the figures, on a listener of its own: they are not public.
func metricsHandler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// newServer returns an echo server with figures in registry.
func newServer(registry prometheus.Registerer) *websocket.Server {
	return &websocket.Server{
		Handler: websocket.MessageFunc(func(c *websocket.Conn, op websocket.Opcode, p []byte) {
			c.Write(context.Background(), op, p)
		}),
		Options: websocket.Options{Hooks: hooks(registry)},
	}
}

// hooks returns functions that count what happens, in metrics that it adds to registry.
func hooks(registry prometheus.Registerer) websocket.Hooks {
	factory := promauto.With(registry)
	open := factory.NewGauge(prometheus.GaugeOpts{
		Name: "websocket_connections_open", Help: "Connections that are open.",
	})
	closed := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "websocket_connections_closed_total", Help: "Connections that have ended, by status code.",
	}, []string{"code"})
	refused := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "websocket_handshakes_refused_total", Help: "Opening handshakes that failed, by the status of the response.",
	}, []string{"status"})
	size := factory.NewHistogramVec(prometheus.HistogramOpts{
		Name: "websocket_message_bytes", Help: "Sizes of messages, by direction.",
		Buckets: prometheus.ExponentialBuckets(64, 4, 8), // to 1 MiB
	}, []string{"direction"})
	// Received and Sent are called for each message: so the labels are looked up before.
	received, sent := size.WithLabelValues("received"), size.WithLabelValues("sent")
	return websocket.Hooks{
		Refused:  func(_ *websocket.Request, err error) { refused.WithLabelValues(statusLabel(err)).Inc() },
		Opened:   func(*websocket.Conn, *websocket.Request) { open.Inc() },
		Received: func(_ *websocket.Conn, _ websocket.Opcode, n int) { received.Observe(float64(n)) },
		Sent:     func(_ *websocket.Conn, _ websocket.Opcode, n int) { sent.Observe(float64(n)) },
		Closed: func(_ *websocket.Conn, err error) {
			open.Dec()
			closed.WithLabelValues(codeLabel(websocket.CloseStatus(err))).Inc()
		},
	}
}

// statusLabel returns the HTTP status of a refusal, "none" if the network failed.
func statusLabel(err error) string {
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return strconv.Itoa(refused.Status)
	}
	return "none"
}

// codeLabel returns a status code. The codes from 3000 on, which a peer can choose, are one
// label for each range: a label for each would be as many as a peer wants.
func codeLabel(code websocket.StatusCode) string {
	switch {
	case code >= 4000:
		return "4000-4999"
	case code >= 3000:
		return "3000-3999"
	}
	return strconv.Itoa(int(code))
}
