package load

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// The JSON form has the names that it is documented with, and reads back as what
// was written.
func TestResultJSON(t *testing.T) {
	r := bench(t, t.Context(), ways[0], serve(t, ways[0], echo), func(c *Command) {})
	var b bytes.Buffer
	if err := reach.JSON(r)(&b); err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(b.Bytes(), &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"url", "started", "seconds", "interrupted", "load", "sent", "received", "per_second", "latency", "errors", "client", "timeline"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("there is no %q in %s", name, &b)
		}
	}
	var back Result
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := reach.JSON(back)(&again); err != nil || again.String() != b.String() {
		t.Errorf("read and written again it is\n%s(%v), want\n%s", &again, err, &b)
	}
	if l := back.Latency; l.Min <= 0 || l.Min > l.Percentiles[0].Micros || l.Percentiles[0].Micros > l.Max || l.Mean > l.Max {
		t.Errorf("min %g, p50 %g, mean %g, max %g µs", l.Min, l.Percentiles[0].Micros, l.Mean, l.Max)
	}
	if c := back.Client; c.PerMessage <= 0 || c.Busy <= 0 || c.Threads < 1 {
		t.Errorf("client %+v, want what it took", c)
	}
}

func TestTable(t *testing.T) {
	r := &Result{
		URL: "ws://h/", Seconds: 10, Sent: 1234570, Received: 1234567, PerSecond: 123456.7, ReceivedBytes: 125 * 1234567,
		Load:   Load{Connections: 64, Open: 64, Pipeline: 1, Size: "125", Type: "text"},
		Client: Client{Threads: 1, PerMessage: 1.234, Busy: .95},
		Errors: []Fault{{Kind: lost, Count: 3, Example: "connection 5, message 77"}},
		Latency: Latency{Mean: 51.2, Max: 9876, Percentiles: []Percentile{
			{50, 48.123}, {99, 1234.5},
		}},
	}
	var b strings.Builder
	if err := r.writeTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"ws://h/, 10.0 s: 64 connections × 125 B of text, 1 in flight on each\n",
		"messages    1,234,567", "123,457/s\n", "15 MiB/s each way\n", "1.23 µs a message", "95 % of 1 thread\n",
		"p50     p99     max     mean\n", "48.1µs  1.23ms  9.88ms  51.2µs\n",
		"error  3  lost  connection 5, message 77\n",
		"note: the client was the bottleneck",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &b)
		}
	}
	if err := r.verdict(); err == nil || err.Error() != "3 of 1234570 messages did not come back as they should" {
		t.Errorf("verdict() = %v", err)
	}
}

func TestDuration(t *testing.T) {
	for _, tt := range []struct {
		us   float64
		want string
	}{{0, "0s"}, {.9, "900ns"}, {48.123, "48.1µs"}, {999.9, "1ms"}, {1234.5, "1.23ms"}, {9876543, "9.88s"}} {
		if got := duration(tt.us); got != tt.want {
			t.Errorf("duration(%g) = %q, want %q", tt.us, got, tt.want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		flag string
		set  func(c *Command)
	}{
		{"URL", func(c *Command) { c.URL = "localhost:8000" }},
		{"--connections", func(c *Command) { c.Connections = 0 }},
		{"--duration", func(c *Command) { c.Duration = -time.Second }},
		{"--messages", func(c *Command) { c.Messages = -1 }},
		{"--pipeline", func(c *Command) { c.Pipeline = maxPipeline + 1 }},
		{"--pipeline", func(c *Command) { c.Pipeline, c.Size = 100, sizes{maxSize, maxSize} }},
		{"--rate", func(c *Command) { c.Rate = -1 }},
		{"--timeout", func(c *Command) { c.Timeout = 0 }},
		{"--threads", func(c *Command) { c.Threads = -1 }},
		{"--header", func(c *Command) { c.Header = []string{"no colon"} }},
		{"--compress", func(c *Command) { c.Takeover = true }},
	} {
		c := Command{URL: "ws://localhost/", Connections: 64, Timeout: time.Second, Size: sizes{125, 125}}
		if err := c.Validate(); err != nil {
			t.Fatalf("Validate = %v", err)
		}
		tt.set(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), tt.flag) {
			t.Errorf("Validate = %v, want an error about %s", err, tt.flag)
		}
	}
}
