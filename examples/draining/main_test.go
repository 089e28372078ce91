package main

import (
	"context"
	"flag"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// wantStatus reports a probe that has another status.
func wantStatus(t *testing.T, when, url string, want int) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return
	}
	res.Body.Close()
	if res.StatusCode != want {
		t.Errorf("%s: %s has status %d, want %d", when, url, res.StatusCode, want)
	}
}

func TestDraining(t *testing.T) {
	const (
		clients = 10
		notice  = 300 * time.Millisecond
		drain   = 300 * time.Millisecond
	)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, probeLn := listen(t), listen(t)
	url, probe := "ws://"+ln.Addr().String(), "http://"+probeLn.Addr().String()
	sigterm, terminate := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- run(sigterm, ln, probeLn, notice, drain) }()

	ends := make(chan websocket.StatusCode, clients)
	for range clients {
		c, err := websocket.Dial(ctx, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.CloseNow() })
		if err := c.Write(ctx, websocket.OpText, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
			t.Fatalf("got %q, %v, want the echo", p, err)
		}
		go func() {
			_, _, err := c.Read(ctx)
			ends <- websocket.CloseStatus(err)
		}()
	}
	wantStatus(t, "before", probe+"/livez", http.StatusOK)
	wantStatus(t, "before", probe+"/readyz", http.StatusOK)

	start := time.Now()
	terminate()
	for i := range clients {
		if code := <-ends; code != codec.StatusServiceRestart {
			t.Errorf("a connection ended with %d, want %d", code, codec.StatusServiceRestart)
		}
		if i > 0 {
			continue
		}
		if got := time.Since(start); got < notice {
			t.Errorf("the first connection was closed after %v, want not before the notice of %v", got, notice)
		}
		wantStatus(t, "while it drains", probe+"/livez", http.StatusOK)
		wantStatus(t, "while it drains", probe+"/readyz", http.StatusServiceUnavailable)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if c, err := websocket.Dial(ctx, url, nil); err == nil {
		c.CloseNow()
		t.Error("a client could connect after the end")
	}
}

// TestDrainSpreadsTheEnds closes connections in memory, where time is exact.
func TestDrainSpreadsTheEnds(t *testing.T) {
	const clients, period = 10, 30 * time.Second
	synctest.Test(t, func(t *testing.T) {
		open := &connections{set: map[*websocket.Conn]bool{}}
		start := time.Now()
		ends := make(chan time.Duration, clients)
		for range clients {
			client, server := websocket.Pipe(nil)
			if err := server.Start(open); err != nil {
				t.Fatal(err)
			}
			go func() {
				client.Read(t.Context())
				ends <- time.Since(start).Round(time.Millisecond)
			}()
		}
		synctest.Wait()
		open.drain(period)
		for i := range clients {
			if got, want := <-ends, period/clients*time.Duration(i+1); got != want {
				t.Errorf("connection %d was closed after %v, want %v", i, got, want)
			}
		}
	})
}

// TestManifest compares kubernetes.yaml with the program: its arguments are flags, its
// probes are answered, and its grace period is long enough.
func TestManifest(t *testing.T) {
	text, err := os.ReadFile("kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type probe struct {
		HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
	}
	var deployment struct {
		Spec struct {
			Template struct {
				Spec struct {
					Grace      int `yaml:"terminationGracePeriodSeconds"`
					Containers []struct {
						Args      []string
						Ports     []struct{ Name, ContainerPort string }
						Readiness probe `yaml:"readinessProbe"`
						Liveness  probe `yaml:"livenessProbe"`
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers, want 1", len(pod.Containers))
	}
	container := pod.Containers[0]

	flags := flag.NewFlagSet("draining", flag.ContinueOnError)
	flags.String("listen", "", "")
	flags.String("probes", "", "")
	notice := flags.Duration("notice", 0, "")
	drain := flags.Duration("drain", 0, "")
	if err := flags.Parse(container.Args); err != nil {
		t.Fatal(err)
	}
	if grace := time.Duration(pod.Grace) * time.Second; grace < *notice+*drain+lastHandshakes {
		t.Errorf("the grace period is %v, want at least %v + %v + %v", grace, *notice, *drain, lastHandshakes)
	}
	for name, p := range map[string]probe{"/readyz": container.Readiness, "/livez": container.Liveness} {
		if p.HTTPGet.Path != name || p.HTTPGet.Port != "probes" {
			t.Errorf("probe %+v, want path %s at port probes", p.HTTPGet, name)
		}
	}
	for _, port := range container.Ports {
		if address := ":" + port.ContainerPort; !strings.Contains(strings.Join(container.Args, " "), address) {
			t.Errorf("port %s: no argument has %s", port.Name, address)
		}
	}
}
