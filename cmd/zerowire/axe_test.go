package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axe returns the source of axe-core, which finds what keeps people from using a page.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(nodeModules(t), "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// accessible checks that axe finds nothing wrong with what the tab shows.
func (b *tab) accessible(axe, state string) {
	b.t.Helper()
	b.until(`!document.getAnimations().some(a => a instanceof CSSTransition)`) // colours in between are none
	b.do(chromedp.Evaluate[chromedp.Void](axe + "; window.found = undefined; " +
		`axe.run().then(({violations}) => { window.found = violations.map((v) =>
			v.id + ": " + v.nodes[0].html + ": " + v.nodes[0].failureSummary).join("\n") }, (e) => { window.found = String(e) }); 0`))
	b.until(`window.found !== undefined`)
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`window.found`))
	if err != nil {
		b.t.Fatal(err)
	}
	if found = strings.TrimSpace(found); found != "" {
		b.t.Errorf("%s: axe finds:\n%s", state, found)
	}
}

// TestPageIsAccessible has axe judge the page in each of its states, light and dark.
func TestPageIsAccessible(t *testing.T) {
	t.Parallel()
	source := axe(t)
	browser := startBrowser(t)
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			testAccessible(t, browser, startServe(t), source, scheme)
		})
	}
}

func testAccessible(t *testing.T, browser context.Context, p *process, axe, scheme string) {
	b := openTab(t, browser, "http://"+p.addr)
	b.do(emulateScheme(scheme))
	b.untilText("server-state", "live")
	b.accessible(axe, "the start page")
	b.connect("")
	b.fill("#text", "hello")
	b.click("#send-form button")
	b.untilLog("received", "text", "5 B", "hello")
	b.accessible(axe, "connected")
	b.click("#close")
	b.untilText("ready-state", "3 CLOSED")

	b.connect("chat")
	b.fill("#chat-name", "ann")
	b.fill("#chat-text", "hello\r")
	b.until(`document.querySelectorAll("#chat-list .bubble").length === 1`)
	b.accessible(axe, "the chat")
	b.click("#close")
	b.untilText("ready-state", "3 CLOSED")

	other := openTab(t, browser, "http://"+p.addr+"/#gamepos")
	b.connect("gamepos")
	b.until(`document.querySelectorAll("#board .dot").length === 2`)
	b.accessible(axe, "the board")
	other.click("#close")

	b.click("#close")
	b.untilText("ready-state", "3 CLOSED")
	b.fill("#url", "ws://"+p.addr+"/nowhere")
	b.click("#connect")
	b.until(`!document.getElementById("fault").hidden`)
	b.accessible(axe, "a refused connection")
}

// emulateScheme makes the browser say that its user prefers a colour scheme.
func emulateScheme(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
