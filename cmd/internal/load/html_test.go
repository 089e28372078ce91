package load

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/zerowire/websocket/cmd/internal/reach"
)

// openPage opens a file in a headless browser, and returns the tab and what was
// written to its console so far.
func openPage(t *testing.T, file string) (tab context.Context, console func() []string) {
	t.Helper()
	var path string
	var err error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			break
		}
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("no Chromium: apt-get install chromium")
	default:
		t.Skipf("no Chromium: apt-get install chromium")
	}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // which root cannot have
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()),
	)...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		if err := chromedp.Cancel(browser); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	messages := chromedp.Console(browser)
	said := make(chan string, 100)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			said <- message.String()
		}
	}()
	ctx, cancel := context.WithTimeout(browser, time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatalf("opening %s: %v", file, err)
	}
	return ctx, func() (all []string) {
		for {
			select {
			case s := <-said:
				if !strings.Contains(s, "willReadFrequently") { // advice for this test, not for the page
					all = append(all, s)
				}
			default:
				return all
			}
		}
	}
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](t *testing.T, tab context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// drawn counts the pixels of a chart that the lines of its series have, in the
// browser's present colours.
const drawn = `((id) => {
	const canvas = charts[id].ctx.canvas;
	const data = charts[id].ctx.getImageData(0, 0, canvas.width, canvas.height).data;
	const probe = document.createElement("canvas").getContext("2d");
	const wanted = charts[id].series.slice(1).map((s) => {
		probe.fillStyle = typeof s.stroke === "function" ? s.stroke(charts[id]) : s.stroke;
		probe.fillRect(0, 0, 1, 1);
		return probe.getImageData(0, 0, 1, 1).data;
	});
	return wanted.map((c) => {
		let n = 0;
		for (let i = 0; i < data.length; i += 4) {
			if (data[i + 3] > 200 && Math.abs(data[i] - c[0]) + Math.abs(data[i + 1] - c[1]) + Math.abs(data[i + 2] - c[2]) < 24) n++;
		}
		return n;
	});
})(%q)`

// The page stands alone and shows what was measured: figures, and lines in every
// chart.
func TestPageInTheBrowser(t *testing.T) {
	r := bench(t, t.Context(), ways[0], serve(t, ways[0], echo), func(c *Command) {
		c.URL += `/?<script>alert("no")</script>`
		c.Rate, c.Duration, c.Messages = 2000, time.Second, 0
	})
	r.Errors = []Fault{{Kind: wrongContent, Count: 2, Example: `byte 3 is <b>`}}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := reach.WriteFile("--html", file, r.writeHTML); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{`src="`, `href="`, "@import", "url("} {
		if bytes.Contains(text, []byte(outside)) {
			t.Errorf("the page contains %q: it has to need nothing else", outside)
		}
	}
	if !bytes.Contains(text, []byte("Permission is hereby granted")) {
		t.Errorf("the page holds uPlot without its licence")
	}
	tab, console := openPage(t, file)
	for id, series := range map[string]int{"latency": 4, "throughput": 2, "curve": 1} {
		points := evaluate[int](t, tab, fmt.Sprintf(`charts[%q].data[0].length`, id))
		if want := map[string]int{"latency": 10, "throughput": 10, "curve": 60}[id]; points < want {
			t.Errorf("chart %s has %d points, want at least %d", id, points, want)
		}
		pixels := evaluate[[]int](t, tab, fmt.Sprintf(drawn, id))
		if len(pixels) != series {
			t.Errorf("chart %s has %d lines, want %d", id, len(pixels), series)
		}
		for i, n := range pixels {
			if n < 50 {
				t.Errorf("chart %s, line %d has %d pixels", id, i, n)
			}
		}
	}
	shown := evaluate[string](t, tab, `document.body.innerText`)
	for _, want := range []string{r.URL, "2,000", "wrong content", "byte 3 is <b>", duration(r.Latency.Max)} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page does not show %q:\n%s", want, shown)
		}
	}
	if all := console(); len(all) > 0 {
		t.Errorf("console: %q", all)
	}
}

// A result without a single echo is a page, too.
func TestPageOfNothing(t *testing.T) {
	r := &Result{URL: "ws://localhost/", Errors: []Fault{{Kind: "lost", Count: 1}}, Latency: Latency{Percentiles: []Percentile{}, Curve: []Percentile{}}}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := reach.WriteFile("--html", file, r.writeHTML); err != nil {
		t.Fatal(err)
	}
	tab, console := openPage(t, file)
	if n := evaluate[int](t, tab, `Object.keys(charts).length`); n != 3 {
		t.Errorf("%d charts, want 3", n)
	}
	if all := console(); len(all) > 0 {
		t.Errorf("console: %q", all)
	}
}
