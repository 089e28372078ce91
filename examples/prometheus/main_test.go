package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zerowire/websocket"
)

// scrape returns the lines of /metrics that are samples.
func scrape(t *testing.T, url string) map[string]bool {
	t.Helper()
	res, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d, %v", res.StatusCode, err)
	}
	samples := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		samples[strings.TrimSpace(line)] = true
	}
	return samples
}

// want waits until all samples are there: the hooks of an end run after it.
func want(ctx context.Context, t *testing.T, url string, samples ...string) {
	t.Helper()
	for {
		got := scrape(t, url)
		missing := ""
		for _, sample := range samples {
			if !got[sample] {
				missing = sample
			}
		}
		if missing == "" {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("no sample %q in %v", missing, got)
		}
	}
}

func TestMetrics(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	registry := prometheus.NewRegistry()
	metrics := httptest.NewServer(metricsHandler(registry))
	defer metrics.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(registry)
	go srv.Serve(ln)
	defer srv.Close()
	address := ln.Addr().String()

	var clients []*websocket.Conn
	for range 3 {
		c, err := websocket.Dial(ctx, "ws://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		clients = append(clients, c)
	}
	for _, size := range []int{5, 1000} {
		if err := clients[0].Write(ctx, websocket.OpBinary, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := clients[0].Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	res, err := http.Get("http://" + address) // no opening handshake
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	want(ctx, t, metrics.URL,
		`websocket_connections_open 3`,
		`websocket_message_bytes_count{direction="received"} 2`,
		`websocket_message_bytes_sum{direction="received"} 1005`,
		`websocket_message_bytes_sum{direction="sent"} 1005`,
		`websocket_message_bytes_bucket{direction="sent",le="64"} 1`,
		`websocket_handshakes_refused_total{status="426"} 1`,
	)

	clients[0].Close(websocket.StatusNormalClosure, "")
	clients[1].Close(4711, "")
	clients[2].CloseNow()
	want(ctx, t, metrics.URL,
		`websocket_connections_open 0`,
		`websocket_connections_closed_total{code="1000"} 1`,
		`websocket_connections_closed_total{code="4000-4999"} 1`,
		`websocket_connections_closed_total{code="1006"} 1`,
	)
}
