package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browserPatience is how long a browser may take for one step.
const browserPatience = patience

// findBrowser returns the path of a Chromium.
func findBrowser() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium, chromium-browser or google-chrome: %w", err)
}

// startBrowser starts a headless browser without history, and returns the
// context to open tabs in.
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
		chromedp.Flag("ignore-certificate-errors", true), // --tls-self-signed
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

// tab is a tab of the browser, in a window of its own: it stays visible, so
// nothing in it is throttled.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// openTab opens a page. What goes wrong in its scripts fails the test.
func openTab(t *testing.T, browser context.Context, url string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	messages := chromedp.Console(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		for message, err := range messages {
			if err != nil {
				return // the tab was closed
			}
			if message.IsException() || strings.Contains(message.String(), "Content Security Policy") {
				t.Errorf("console: %v", message)
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
	})
	b := &tab{t, ctx}
	b.do(chromedp.Navigate(url))
	return b
}

// do runs actions.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserPatience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("driving the browser: %v", err)
	}
}

// until waits until a JavaScript condition is true.
func (b *tab) until(condition string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(browserPatience))); err != nil {
		page, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		b.t.Fatalf("waiting for %s: %v; the page shows:\n%s", condition, err, page)
	}
}

// untilText waits until the element with an id shows exactly want.
func (b *tab) untilText(id, want string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`document.getElementById(%q).textContent === %q`, id, want))
}

// untilLog waits until the log has a row of direction ("sent", "received"),
// type and size with exactly this body.
func (b *tab) untilLog(direction, kind, size, body string) {
	b.t.Helper()
	b.until(fmt.Sprintf(`[...document.querySelectorAll("#log .%s.is-%s")].some((row) =>
		row.querySelector(".body").textContent === %q && row.querySelector(".size").textContent === %q &&
		/^\d\d:\d\d:\d\d\.\d{3}$/.test(row.querySelector(".time").textContent))`, direction, kind, body, size))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(selector)))
}

// fill types value in place of what an input holds.
func (b *tab) fill(selector, value string) {
	b.t.Helper()
	b.do(
		chromedp.Focus(chromedp.CSS(selector)),
		chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`),
		chromedp.KeyEvent(value),
	)
}

// connect chooses a sub-protocol and connects.
func (b *tab) connect(protocol string) {
	b.t.Helper()
	b.click(fmt.Sprintf(`input[name=protocol][value=%q]`, protocol))
	b.click("#connect")
	b.untilText("ready-state", "1 OPEN")
}

func TestPageInTheBrowser(t *testing.T) {
	t.Parallel()
	browser := startBrowser(t)
	tests := []struct {
		name string
		test func(t *testing.T, browser context.Context, p *process)
		args []string // of the server
	}{
		{"echo", testPageEchoes, nil},
		{"sub-protocols", testPageOffersSubprotocols, nil},
		{"chat between two tabs", testPageChats, nil},
		{"moving dots in two tabs", testPageMovesDots, nil},
		{"close by the page", testPageCloses, nil},
		{"close by the server", testPageIsClosed, nil},
		{"URLs that cannot be connected to", testPageShowsFaults, nil},
		{"on a phone", testPageOnAPhone, nil},
		{"live figures of the server", testPageShowsFigures, nil},
		{"over TLS", testPageOverTLS, []string{"--tls-self-signed"}},
		{"chat on two servers", testClusterChats, []string{startNATSServer(t)}},
		{"moving dots on two servers", testClusterMovesDots, []string{startNATSServer(t)}},
		{"compressed", testPageCompresses, []string{"--compress", "--takeover"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.test(t, browser, startServe(t, tt.args...))
		})
	}
}

func testPageEchoes(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.untilText("ready-state", "3 CLOSED")
	b.until(fmt.Sprintf(`document.getElementById("url").value === %q`, "ws://"+p.addr+"/ws"))
	b.connect("")
	b.untilText("agreed", "none")

	b.fill("#text", "Grüße <b>&amp;</b>")
	b.click("#send-form button")
	b.untilLog("sent", "text", "20 B", "Grüße <b>&amp;</b>")
	b.untilLog("received", "text", "20 B", "Grüße <b>&amp;</b>")
	b.until(`/^[0-9.]+ ms$/.test(document.getElementById("rtt").textContent)`)

	b.click(`input[name=kind][value=hex]`)
	b.fill("#hex", "de:ad 0xbe,EF 0")
	b.untilText("send-size", "not hex: two digits a byte")
	b.fill("#hex", "de:ad 0xbe,EF 00")
	b.click("#send-form button")
	b.untilLog("received", "binary", "5 B", "de ad be ef 00")

	file := filepath.Join(t.TempDir(), "bytes")
	if err := os.WriteFile(file, make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	b.click(`input[name=kind][value=file]`)
	b.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}))
	b.untilText("send-size", "binary, 97.7 KiB")
	b.click("#send-form button")
	b.untilLog("received", "binary", "97.7 KiB", strings.Repeat("00 ", 256)+"…")
}

func testPageOffersSubprotocols(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	for _, protocol := range []string{"chat", "gamepos", ""} {
		b.connect(protocol)
		b.untilText("agreed", map[string]string{"": "none"}[protocol]+protocol)
		b.until(fmt.Sprintf(`document.getElementById("chat").hidden === %t`, protocol != "chat"))
		b.until(fmt.Sprintf(`document.getElementById("game").hidden === %t`, protocol != "gamepos"))
		b.click("#close")
		b.untilText("ready-state", "3 CLOSED")
	}
	b.click(`input[name=protocol][value=other]`)
	b.fill("#other", "unknown, gamepos")
	b.click("#connect")
	b.untilText("agreed", "gamepos")
}

func testPageChats(t *testing.T, browser context.Context, p *process) {
	ann, bob := openTab(t, browser, "http://"+p.addr), openTab(t, browser, "http://"+p.addr+"/#chat")
	ann.connect("chat")
	bob.untilText("ready-state", "1 OPEN") // the link to it connects
	ann.fill("#chat-name", "ann")
	bob.fill("#chat-name", "bob")

	bubble := func(class, name, said string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("#chat-list .bubble")].some((bubble) => bubble.className === %q &&
			bubble.querySelector("b").textContent === %q && bubble.querySelector(".said").textContent === %q)`, class, name, said)
	}
	ann.fill("#chat-text", "hello <script>alert(1)</script>\r")
	ann.until(bubble("bubble mine", "ann", "hello <script>alert(1)</script>"))
	bob.until(bubble("bubble", "ann", "hello <script>alert(1)</script>"))
	bob.fill("#chat-text", "hello ann")
	bob.click("#chat-form button")
	bob.until(bubble("bubble mine", "bob", "hello ann"))
	ann.until(bubble("bubble", "bob", "hello ann"))
}

func testPageMovesDots(t *testing.T, browser context.Context, p *process) {
	ann, bob := openTab(t, browser, "http://"+p.addr+"/#gamepos"), openTab(t, browser, "http://"+p.addr)
	ann.until(`document.querySelectorAll("#board .dot.mine").length === 1`)
	bob.connect("gamepos")
	for _, b := range []*tab{ann, bob} {
		b.untilText("game-players", "2 players")
		b.until(`document.querySelectorAll("#board .dot").length === 2`)
	}

	// Where ann's dot is, in ann's tab and in bob's.
	place := func(b *tab, who string) string {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](fmt.Sprintf(
			`(({x, y}) => x + " " + y)(document.querySelector("#board .dot%s").dataset)`, who)))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	// seen waits until ann's dot has left from, and then until bob sees it there.
	seen := func(how, from string) string {
		t.Helper()
		ann.until(fmt.Sprintf(`(({x, y}) => x + " " + y !== %q)(document.querySelector("#board .dot.mine").dataset)`, from))
		to := place(ann, ".mine")
		bob.until(fmt.Sprintf(`(({x, y}) => x + " " + y === %q)(document.querySelector("#board .dot:not(.mine)").dataset)`, to))
		t.Logf("%s: from %s to %s", how, from, to)
		return to
	}

	at := place(ann, ".mine")
	ann.do(chromedp.Focus(chromedp.CSS("#board")), chromedp.KeyEvent(kb.ArrowLeft))
	at = seen("arrow key", at)
	ann.click("#board")
	if at = seen("mouse", at); at != "0.5 0.5" {
		t.Errorf("after a click into the middle the dot is at %s, want 0.5 0.5", at)
	}
	ann.do(chromedp.KeyEvent(kb.ArrowDown, chromedp.KeyModifiers(chromedp.ModifierShift)))
	if at = seen("arrow key with Shift", at); at != "0.5 0.6" {
		t.Errorf("after a big step down the dot is at %s, want 0.5 0.6", at)
	}
	ann.do(chromedp.Tap(chromedp.CSS("#board")))
	seen("touch", at)
	bob.wantNoEcho(ann)
	bob.click("#board")
	ann.until(`(({x, y}) => x + " " + y === "0.5 0.5")(document.querySelector("#board .dot:not(.mine)").dataset)`)
	ann.wantNoEcho(bob)

	ann.click("#close")
	ann.until(`document.querySelectorAll("#board .dot").length === 0`)
	bob.until(`document.querySelectorAll("#board .dot").length === 1`)
	bob.untilText("game-players", "1 player")
}

// wantNoEcho checks that a tab with the board, which has seen what both have sent so
// far, has received as many messages as the other one has sent.
func (b *tab) wantNoEcho(other *tab) {
	b.t.Helper()
	count := func(b *tab, direction string) int {
		n, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](fmt.Sprintf(
			`[...document.querySelectorAll("#log .%s")].reduce((n, row) => n + Number(row.dataset.times), 0)`, direction)))
		if err != nil {
			b.t.Fatal(err)
		}
		return n
	}
	for deadline := time.Now().Add(browserPatience); ; time.Sleep(10 * time.Millisecond) {
		got, want := count(b, "received"), count(other, "sent")
		if got == want && want > 0 {
			return
		}
		if got > want || time.Now().After(deadline) {
			b.t.Fatalf("a tab has received %d messages, and the other one has sent %d", got, want)
		}
	}
}

func testPageCloses(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.connect("")
	b.fill("#code", "2999")
	b.click("#close")
	b.until(`!document.getElementById("fault").hidden`) // the browser allows 1000 and 3000–4999
	b.fill("#code", "4001")
	b.fill("#reason", "that is all")
	b.click("#close")
	b.untilText("ready-state", "3 CLOSED")
	b.until(`document.getElementById("closed").textContent.startsWith("4001 application's own")`)
	b.until(`document.getElementById("fault").hidden`)

	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	if want := `code=4001 reason="that is all"`; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("log:\n%swant %s", &p.stderr, want)
	}
}

func testPageIsClosed(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.connect("chat")
	b.fill("#text", "no JSON")
	b.click("#send-form button")
	b.untilText("closed", `1007 invalid payload data “`+errChatJSON.Reason+`”`)

	b.connect("")
	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	b.until(`document.getElementById("closed").textContent.startsWith("1001 going away")`)
}

func testPageShowsFaults(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.fill("#url", "gopher://"+p.addr)
	b.click("#connect")
	b.until(`!document.getElementById("fault").hidden`)
	b.fill("#url", "ws://"+p.addr+"/nowhere")
	b.click("#connect")
	b.untilText("closed", "1006 abnormal closure, not clean")
	b.untilText("ready-state", "3 CLOSED")
	says := func(url, why string) {
		b.t.Helper()
		b.until(fmt.Sprintf(`(({hidden, textContent: text}) => !hidden && text.startsWith(%q) && text.includes(%q))(document.getElementById("fault"))`,
			"No connection to "+url+". ", why))
	}
	says("ws://"+p.addr+"/nowhere", "The server answers 404 Not Found: there is nothing at /nowhere.")
	b.fill("#url", "ws://"+p.addr+"/")
	b.click("#connect")
	says("ws://"+p.addr+"/", "The server answers 200 OK for /, and no WebSocket.")

	// Another server refuses the page's origin, which the browser keeps to itself.
	other := startServe(t)
	b.fill("#url", "ws://"+other.addr+"/ws")
	b.click("#connect")
	says("ws://"+other.addr+"/ws", "does the server accept pages of http://"+p.addr+" (Origin)?")
	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	b.fill("#url", "ws://"+p.addr+"/ws")
	b.click("#connect")
	says("ws://"+p.addr+"/ws", "The server cannot be reached")
	b.fill("#url", "ws://"+other.addr+"/ws")
}

// testPageOnAPhone opens the page in a window as wide as a phone's.
func testPageOnAPhone(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	top := func(selector string) float64 {
		y, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().top`, selector)))
		if err != nil {
			t.Fatal(err)
		}
		return y
	}
	if top(".messages") < top(".connection") {
		t.Errorf("in a wide window messages are above the settings, want them below")
	}
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	b.until(`innerWidth === 390`)
	if messages, settings := top(".messages"), top(".connection"); messages >= settings {
		t.Errorf("on a phone messages begin at %g and the settings at %g, want messages first", messages, settings)
	}
	b.until(`document.documentElement.scrollWidth <= innerWidth`)
	b.connect("chat")
	b.fill("#chat-text", "hello")
	b.click("#chat-form button")
	b.until(`document.querySelectorAll("#log .received.is-text").length === 1`)
	b.accessible(axe(t), "on a phone")
}
