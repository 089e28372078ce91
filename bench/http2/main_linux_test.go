package main

import (
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		serve()
		return
	}
	os.Exit(m.Run())
}

// TestMeasure runs the measurement with few connections.
func TestMeasure(t *testing.T) {
	*idle, *busy, *lasting, *settle = 100, 4, 100*time.Millisecond, 10*time.Millisecond
	for _, v := range versions {
		t.Run(v.name, func(t *testing.T) {
			c, err := measure(v.mode)
			if err != nil {
				t.Fatalf("measure() = %v", err)
			}
			if c.server <= 0 || c.client <= 0 {
				t.Errorf("an idle connection takes %.0f bytes at the server and %.0f at the client", c.server, c.client)
			}
			for i, e := range c.exchanges {
				if e.rate <= 0 || e.cpu < 0 {
					t.Errorf("%d bytes: %.0f messages/s, %.1f µs of the server for each", sizes[i], e.rate, e.cpu)
				}
			}
			if len(c.exchanges) != len(sizes) {
				t.Errorf("%d sizes were measured, want %d", len(c.exchanges), len(sizes))
			}
		})
	}
}
