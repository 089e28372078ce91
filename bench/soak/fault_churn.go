package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/wstest"
)

// churnFaults are connections that come and go, in every order and in none.
var churnFaults = []fault{
	{"churn: says something and leaves", leaves(1000, wstest.Close(1000, "bye"))},
	{"churn: leaves with a code of its own", leaves(4321, wstest.Close(4321, ""))},
	{"churn: leaves with an empty Close frame", leaves(1005, wstest.CloseBody(""))},
	{"churn: leaves inside a message", leaves(1000, wstest.Text("begun").More(), wstest.Close(1000, ""))},
	{"churn: leaves twice", leaves(1000, wstest.Close(1000, ""), wstest.Close(1000, ""), wstest.Text(unheard))},
	{"churn: vanishes", func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		l.nc.Close()
		return a.saw(l, websocket.StatusCode(1006))
	}},
	{"churn: connects and says nothing", func(a *attack) error {
		nc, err := call(background, a.g.at.Plain, a.timeout)
		if err != nil {
			return err
		}
		return nc.Close()
	}},
	{"churn: speaks before it is answered", func(a *attack) error {
		m := text(1 + a.r.IntN(4000))(a.r)
		d := a.form()
		d.behind = wstest.Frame{Fin: true, Opcode: m.op, Payload: m.payload}.AppendMasked(nil, wstest.RFCKey)
		l, err := a.enter(d)
		if err != nil {
			return err
		}
		return l.want(m)
	}},
	{"churn: wants a page", wantsPage},
}

// leaves closes with frames: the server answers with the code.
func leaves(code websocket.StatusCode, frames ...wstest.Frame) func(a *attack) error {
	return func(a *attack) error {
		l, err := a.greet(a.form())
		if err != nil {
			return err
		}
		if err := l.write(frames...); err != nil {
			return err
		}
		return a.closes(l, code)
	}
}

func wantsPage(a *attack) error {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: a.limit + a.timeout}
	response, err := client.Get("http://" + a.g.at.Plain + page)
	if err != nil {
		return err // a *url.Error, and so a net.Error: net/http has more words for an end than io.EOF
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && (response.StatusCode != http.StatusOK || string(body) != pageText) {
		err = fmt.Errorf("the page is %s %q", response.Status, body)
	}
	return err
}

// dribble writes b byte by byte until that fails.
func dribble(w io.Writer, b []byte) {
	for i := range b {
		if _, err := w.Write(b[i : i+1]); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
