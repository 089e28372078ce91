package main

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// fetch returns the body at a URL.
func fetch(t *testing.T, url string) string {
	t.Helper()
	got, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", url, got.Status, err)
	}
	return string(body)
}

// untilServed fetches a URL until its body matches every pattern.
func untilServed(t *testing.T, url string, patterns []string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		body, missing := fetch(t, url), ""
		for _, pattern := range patterns {
			if !regexp.MustCompile("(?m)" + pattern).MatchString(body) {
				missing = pattern
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("GET %s:\n%swant a match of %s", url, body, missing)
		}
	}
}

// makeTraffic makes some of everything that is counted, and leaves one connection
// open.
func makeTraffic(t *testing.T, p *process) {
	t.Helper()
	w := open(t, p.addr, "/echo", "")
	for _, payload := range []string{"1", "22", "333"} {
		w.send(t, true, text, payload)
		w.want(t, text, payload)
	}
	w.send(t, true, binData, strings.Repeat("x", 1000))
	w.want(t, binData, strings.Repeat("x", 1000))

	for code, times := range map[uint16]int{1000: 2, 3001: 1, 4000: 1, 4999: 1} {
		for range times {
			w := open(t, p.addr, "/ws", "")
			w.send(t, true, closing, closePayload(code, ""))
			w.want(t, closing, closePayload(code, ""))
			w.Close()
		}
	}
	bad := open(t, p.addr, "/echo", "")
	bad.send(t, true, 0x3, "no such opcode")
	bad.wantClose(t, 1002)
	answered(t, p.addr, "/nowhere")
	answered(t, p.addr, "/echo", "Origin: https://evil.example")
	dial(t, p.addr).Close()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	p := startServe(t, "--metrics=127.0.0.1:0")
	page := p.said(t, `^Metrics on (http://\S+)/metrics$`)[1]
	makeTraffic(t, p)
	showing := open(t, p.addr, "/ws", "figures") // is not counted
	showing.send(t, true, pong, "")

	untilServed(t, page+"/metrics", []string{
		`^zerowire_accepted_total 11$`,
		`^zerowire_connections_open 1$`,
		`^zerowire_connections_total 7$`,
		`^zerowire_connections_closed_total\{code="1000"\} 2$`,
		`^zerowire_connections_closed_total\{code="1002"\} 1$`,
		`^zerowire_connections_closed_total\{code="3xxx"\} 1$`,
		`^zerowire_connections_closed_total\{code="4xxx"\} 2$`,
		`^zerowire_handshakes_refused_total\{status="403"\} 1$`,
		`^zerowire_handshakes_refused_total\{status="404"\} 1$`,
		`^zerowire_handshakes_refused_total\{status="none"\} 1$`,
		`^zerowire_messages_total\{direction="received",type="text"\} 3$`,
		`^zerowire_messages_total\{direction="sent",type="binary"\} 1$`,
		`^zerowire_message_bytes_total\{direction="received",type="binary"\} 1000$`,
		`^zerowire_message_bytes_total\{direction="sent",type="text"\} 6$`,
		`^# TYPE zerowire_rtt_seconds histogram$`,
		`^go_goroutines \d+$`,
		`^process_open_fds \d+$`,
	})

	var vars struct {
		Zerowire figures
		Memstats map[string]any
	}
	body := fetch(t, page+"/debug/vars")
	if err := json.Unmarshal([]byte(body), &vars); err != nil {
		t.Fatalf("GET /debug/vars: %v in %s", err, body)
	}
	if f := vars.Zerowire; f.Open != 1 || f.Received.Text.Messages != 3 || f.Closed["4xxx"] != 2 || len(vars.Memstats) == 0 {
		t.Errorf("GET /debug/vars: %+v, %d memstats; want the same figures", f, len(vars.Memstats))
	}
	if body := fetch(t, page+"/"); !strings.Contains(body, "zerowire_accepted_total") {
		t.Errorf("GET /: %.200q, want the metrics", body)
	}
}

func TestFiguresOnTheWire(t *testing.T) {
	t.Parallel()
	p := startServe(t)
	makeTraffic(t, p)
	w := open(t, p.addr, "/ws", "figures")
	var got report
	for deadline := time.Now().Add(patience); ; { // until the last connection has ended
		opcode, payload := w.receive(t)
		if opcode != ping {
			t.Fatalf("received opcode %#x %.100q, want a Ping", opcode, payload)
		}
		w.send(t, true, pong, payload)
		opcode, payload = w.receive(t)
		if err := json.Unmarshal([]byte(payload), &got); err != nil || opcode != text {
			t.Fatalf("received opcode %#x %.200q (%v), want figures", opcode, payload, err)
		}
		if got.RTT > 0 && got.Uptime > 0 && got.Open == 1 && got.Opened == 7 && got.Refused["404"] == 1 && got.Closed["1002"] == 1 &&
			got.Sent.Text == (volume{3, 6}) && got.Received.Binary == (volume{1, 1000}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("received %s, want the figures of the traffic that was", payload)
		}
	}
	w.send(t, true, text, "hello?")
	w.wantClose(t, 1008)
}
