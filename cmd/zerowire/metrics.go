package main

import (
	"expvar"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveMetrics serves what meter counts at the address of --metrics, and has it
// probe its connections. Without the flag it returns nil.
func (s *serveCommand) serveMetrics(meter *meter) (net.Listener, error) {
	if s.Metrics == "" {
		return nil, nil
	}
	ln, err := net.Listen("tcp", s.Metrics)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	rtt := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "zerowire_rtt_seconds",
		Help:    "Round-trip time of a Ping, which every connection is sent each 15 seconds.",
		Buckets: prometheus.ExponentialBuckets(50e-6, 4, 10), // from 50 µs, as on one machine, to 13 s
	})
	meter.rtt = func(d time.Duration) { rtt.Observe(d.Seconds()) }
	server := &http.Server{Handler: metricsHandler(meter, rtt), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(ln)
	return ln, nil
}

// metricsHandler serves meter's figures and rtt, with those of the process, as
// Prometheus and as expvar want them.
func metricsHandler(meter *meter, rtt prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(meter, rtt,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	expvar.Publish("zerowire", expvar.Func(func() any { return meter.figures() }))
	mux.Handle("GET /debug/vars", expvar.Handler())
	mux.Handle("GET /{$}", http.RedirectHandler("/metrics", http.StatusFound))
	return mux
}

// What meter counts, as Prometheus names it.
var (
	descAccepted = prometheus.NewDesc("zerowire_accepted_total", "TCP connections accepted, those for a page included.", nil, nil)
	descRefused  = prometheus.NewDesc("zerowire_handshakes_refused_total", "Opening handshakes that failed, by the HTTP status of the answer; none if the network ended them.", []string{"status"}, nil)
	descOpen     = prometheus.NewDesc("zerowire_connections_open", "WebSocket connections that are open.", nil, nil)
	descOpened   = prometheus.NewDesc("zerowire_connections_total", "WebSocket connections that were opened.", nil, nil)
	descClosed   = prometheus.NewDesc("zerowire_connections_closed_total", "WebSocket connections that have ended, by status code (RFC 6455 section 7.4); those of applications by range.", []string{"code"}, nil)
	descMessages = prometheus.NewDesc("zerowire_messages_total", "Messages, by direction and type.", []string{"direction", "type"}, nil)
	descBytes    = prometheus.NewDesc("zerowire_message_bytes_total", "Bytes of the messages' payloads, by direction and type.", []string{"direction", "type"}, nil)
)

// Describe makes meter a prometheus.Collector, one that is not checked against what it
// describes.
func (m *meter) Describe(chan<- *prometheus.Desc) {}

// Collect sends the figures of this moment.
func (m *meter) Collect(metrics chan<- prometheus.Metric) {
	f := m.figures()
	count := func(desc *prometheus.Desc, value uint64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(value), labels...)
	}
	count(descAccepted, f.Accepted)
	for status, n := range f.Refused {
		count(descRefused, n, status)
	}
	metrics <- prometheus.MustNewConstMetric(descOpen, prometheus.GaugeValue, float64(f.Open))
	count(descOpened, f.Opened)
	for code, n := range f.Closed {
		count(descClosed, n, code)
	}
	for direction, flow := range map[string]flow{"received": f.Received, "sent": f.Sent} {
		for kind, volume := range map[string]volume{"text": flow.Text, "binary": flow.Binary} {
			count(descMessages, volume.Messages, direction, kind)
			count(descBytes, volume.Bytes, direction, kind)
		}
	}
}
