package deploy

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// startBrowser starts a headless Chromium for which host is here, and which takes
// any certificate.
func startBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := findBrowser()
	need(t, err, "apt-get install chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox, // which root cannot have
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors", true),
		chromedp.Flag("host-resolver-rules", "MAP "+host+" 127.0.0.1"),
		chromedp.UserDataDir(t.TempDir()),
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	browser, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	t.Cleanup(func() {
		if err := chromedp.Cancel(browser); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
	})
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return browser
}

func findBrowser() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no Chromium: %w", errors.Join(err, exec.ErrNotFound))
}

// overOneSocket makes of a page a WebSocket to its own host, and of that what
// happened: the page's protocol, the echo of a text, and how it was closed.
const overOneSocket = `new Promise((resolve) => {
	const socket = new WebSocket("wss://" + location.host + "/echo");
	const seen = [performance.getEntriesByType("navigation")[0].nextHopProtocol];
	socket.onopen = () => socket.send("hello from a page");
	socket.onmessage = (event) => { seen.push(event.data); socket.close(4001, "done"); };
	socket.onclose = (event) => resolve(seen.concat(event.code, event.wasClean).join(", "));
})`

// TestBrowser: a page that came over HTTP/2 opens a WebSocket to where it came
// from: over HTTP/2 too if the proxy can do that (RFC 8441), else on a connection
// of its own.
func TestBrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	eachProxy(t, func(t *testing.T, k kind) {
		b := startBackend(t)
		p := k.run(t, b.addr)
		tab, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
		defer cancel()
		tab, cancel = context.WithTimeout(tab, patience)
		defer cancel()
		if err := chromedp.Do(tab, chromedp.Navigate("https://"+host+":"+port(p.wss)+"/")); err != nil {
			t.Fatal(err)
		}
		got, err := chromedp.Run(tab, chromedp.Evaluate[string](overOneSocket, chromedp.EvalAwaitPromise))
		if want := "h2, hello from a page, 4001, true"; err != nil || got != want {
			t.Fatalf("in the page: got %q, %v; want %q; the proxy says:\n%s", got, err, want, p.out.tail())
		}
		b.log.await(t, "code=4001 reason=done")
		if k.overHTTP2 {
			p.out.await(t, `/echo HTTP/2.0"`)
		}
	})
}
