package main

import (
	"context"
	"net/http/httptest"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/wsjson"
)

// start returns a dashboard that publishes at an interval, and its server.
func start(ctx context.Context, t *testing.T, interval time.Duration) (*dashboard, *httptest.Server) {
	t.Helper()
	d, err := newDashboard()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(d)
	t.Cleanup(func() {
		d.sockets.Close()
		srv.Close()
		d.hub.Close()
	})
	go d.sample(ctx, interval)
	return d, srv
}

func TestSamples(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, srv := start(ctx, t, 20*time.Millisecond)
	var viewers [2]*websocket.Conn
	for i := range viewers {
		c, err := websocket.Dial(ctx, srv.URL+"/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		viewers[i] = c
	}
	for i, c := range viewers {
		for last := (sample{}); last.Viewers < 2; {
			var next sample
			if err := wsjson.Read(ctx, c, &next); err != nil {
				t.Fatal(err)
			}
			if next.Time.Before(last.Time) || next.Goroutines == 0 || next.Heap == 0 {
				t.Fatalf("viewer %d: %+v after %+v", i, next, last)
			}
			last = next
		}
	}
}

// TestFirstSample has a viewer come long before the second sample.
func TestFirstSample(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d, srv := start(ctx, t, time.Hour)
	for d.last.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	c, err := websocket.Dial(ctx, srv.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	var first sample
	if err := wsjson.Read(ctx, c, &first); err != nil || first.Goroutines == 0 {
		t.Errorf("got %+v, %v, want the last sample", first, err)
	}
}

// TestPage opens the page in Chromium. It has to show the figures, and to show them again
// after its connection was closed.
func TestPage(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: apt-get install chromium", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, srv := start(ctx, t, 50*time.Millisecond)
	opened := make(chan *websocket.Conn, 10)
	d.sockets.Options.Hooks.Opened = func(c *websocket.Conn, _ *websocket.Request) { opened <- c }

	allocator, cancel := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // which root cannot have
		chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
	)...)
	defer cancel()
	browser, cancel := chromedp.NewContext(allocator)
	defer cancel()
	defer chromedp.Cancel(browser)
	wait := func(condition string) {
		t.Helper()
		if _, err := chromedp.Run(browser, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(20*time.Second))); err != nil {
			shown, _ := chromedp.Run(browser, chromedp.Evaluate[string](`document.body.innerText`))
			t.Fatalf("waiting for %s: %v; the page shows:\n%s", condition, err, shown)
		}
	}
	if err := chromedp.Do(browser, chromedp.Navigate(srv.URL)); err != nil {
		t.Fatal(err)
	}
	wait(`$("viewers").textContent === "1" && $("state").textContent.startsWith("Live")`)
	first := <-opened

	c, err := websocket.Dial(ctx, srv.URL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	wait(`$("viewers").textContent === "2"`)

	first.CloseNow()
	<-opened // c
	<-opened // the page again
	wait(`$("viewers").textContent === "2" && $("state").textContent.startsWith("Live")`)
}
