package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// testPageShowsFigures watches the figures of a server whose connection is
// another one than the page's.
func testPageShowsFigures(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.untilText("server-state", "live")
	b.untilText("server-connections", "0 open · 0 in all")
	b.until(`/^[0-9.]+ ms$/.test(document.getElementById("server-rtt").textContent)`)
	b.until(`/^[0-9]+ s$/.test(document.getElementById("server-uptime").textContent)`)

	w := open(t, p.addr, "/echo", "")
	b.untilText("server-connections", "1 open · 1 in all")
	const messages, size = 10, 1000
	b.until(`document.getElementById("server-messages").textContent === "↓\u00a00 ↑\u00a00"`)
	for range messages {
		w.send(t, true, text, strings.Repeat("x", size))
		w.want(t, text, strings.Repeat("x", size))
	}
	// All of them fall into one report or two: a rate is shown, and then none again.
	b.until(`/^messages\/s, last minute: up to [1-9]/.test(document.getElementById("server-peak").textContent)`)
	b.until(`document.getElementById("server-messages").textContent === "↓\u00a00 ↑\u00a00"`)
	b.until(`Math.min(...document.getElementById("server-line").getAttribute("points").split(" ").map((p) => p.split(",")[1])) === 0`)
	w.send(t, true, closing, closePayload(1000, ""))
	w.want(t, closing, closePayload(1000, ""))
	b.untilText("server-connections", "0 open · 1 in all")

	b.connect("")
	b.untilText("server-connections", "1 open · 2 in all")
	if err := p.stop(); err != nil {
		t.Fatalf("after SIGTERM: %v", err)
	}
	b.untilText("server-state", "not reachable")
	b.untilText("server-connections", "–")
	if want := "Shut down: 2 connections closed cleanly, 0 aborted\n"; !strings.HasSuffix(p.stdout.String(), want) {
		t.Errorf("stdout:\n%swant at its end %s", &p.stdout, want)
	}
}

func testPageOverTLS(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "https://"+p.addr)
	b.until(`document.getElementById("url").value === "wss://` + p.addr + `/ws"`)
	b.untilText("server-state", "live")
	b.connect("")
	b.fill("#text", "over TLS")
	b.click("#send-form button")
	b.untilLog("received", "text", "8 B", "over TLS")
}

func testPageCompresses(t *testing.T, browser context.Context, p *process) {
	b := openTab(t, browser, "http://"+p.addr)
	b.connect("")
	b.until(`document.getElementById("extensions").textContent.startsWith("permessage-deflate")`)
	long := strings.Repeat("again and ", 100)
	b.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.getElementById("text").value = %q`, long)))
	for range 3 { // the later ones refer to the first
		b.click("#send-form button")
	}
	b.until(`document.querySelectorAll("#log .received.is-text").length === 3`)
	b.untilLog("received", "text", "1000 B", long)
}
