package stress_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/internal/testkit"
	"github.com/zerowire/websocket/internal/wstest"
)

// TestHostileServers dials every server of the table over TCP, whole and byte by byte, and
// some over TLS. Nothing runs beside those whose memory is measured.
func TestHostileServers(t *testing.T) {
	certs := httptest.NewUnstartedServer(nil)
	certs.StartTLS()
	t.Cleanup(certs.Close)
	for i, c := range wstest.Hostiles() {
		measured := c.Group == "resources" || c.Group == "extensions"
		play := func(how string, mode wstest.Mode, config *tls.Config) {
			t.Run(c.Group+"/"+c.Name+"/"+how, func(t *testing.T) {
				if !measured {
					t.Parallel()
				}
				dialHostile(t, c, mode, config, measured)
			})
		}
		play("whole", wstest.Whole, nil)
		if c.Group != "resources" && c.Then != wstest.Reset { // which overtakes bytes
			play("byte by byte", wstest.ByteByByte, nil)
		}
		if i%8 == 0 && c.Group != "redirects" { // those name the scheme of the next server
			play("TLS", wstest.Whole, certs.TLS)
		}
	}
}

// dialHostile dials the server of c, and judges what becomes of it.
func dialHostile(t *testing.T, c *wstest.Hostile, mode wstest.Mode, config *tls.Config, measured bool) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := "ws://" + ln.Addr().String() + "/chat"
	if config != nil {
		ln, addr = tls.NewListener(ln, config), "wss"+addr[len("ws"):]
	}
	opts := hostileOptions(c.Client)
	var got hostileOutcome
	var report wstest.HostileReport
	clock := testkit.StartClock(t)
	allocated := testkit.Allocated(func() {
		srv := wstest.ServeHostile(ln, c, mode)
		got = converse(addr, opts)
		report = srv.Stop()
	})
	took := clock.Elapsed()
	want := c.Want
	if want.Fails() {
		got.judgeDial(t, &want)
	} else {
		got.judgeReading(t, &want)
	}
	if want.Targets == nil && !want.Timeout {
		want.Targets = []string{"/chat"}
	}
	if want.Targets != nil && !slices.Equal(report.Targets, want.Targets) {
		t.Errorf("requests for %.200q, want %.200q", report.Targets, want.Targets)
	}
	if report.Violation != "" && !strings.Contains(report.Violation, "ended inside") {
		t.Errorf("the client violates a rule: %s", report.Violation)
	}
	if report.Left {
		t.Error("the client has not ended the connection")
	}
	if sent := wstest.Close(want.Sends, ""); want.Sends != 0 && (report.Close == nil || string(report.Close.Payload[:2]) != string(sent.Payload)) {
		t.Errorf("the client sends %v, want a Close frame with %d", report.Close, want.Sends)
	}
	if most := orDefault(want.Most, 32<<20); report.Sent > most {
		t.Errorf("the server got rid of %d bytes, want at most %d", report.Sent, most)
	}
	if most := orDefault(want.Memory, 1<<20); measured && allocated > most {
		t.Errorf("%d bytes were allocated, want at most %d", allocated, most)
	}
	most := orDefault(want.Within, 5*time.Second)
	if testkit.RaceEnabled {
		most *= 3
	}
	if took > most {
		t.Errorf("it took %v, want at most %v", took, most)
	}
}

// orDefault returns v, or d if v is zero.
func orDefault[T comparable](v, d T) T {
	if v == *new(T) {
		return d
	}
	return v
}

// hostileOptions are the DialOptions for a case.
func hostileOptions(c wstest.HostileClient) *websocket.DialOptions {
	opts := &websocket.DialOptions{Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }, TLSConfig: &tls.Config{InsecureSkipVerify: true}}
	opts.Subprotocols, opts.MaxMessage = c.Subprotocols, c.MaxMessage
	opts.HandshakeTimeout, opts.MessageTimeout, opts.CloseTimeout = c.HandshakeTimeout, c.MessageTimeout, c.CloseTimeout
	if c.Compression {
		opts.Compression = &websocket.Compression{Takeover: true}
	}
	return opts
}

// hostileOutcome is what a client has seen of a server.
type hostileOutcome struct {
	dial     error
	messages []string
	end      error // of reading
}

// converse dials addr, and reads to the end.
func converse(addr string, opts *websocket.DialOptions) (got hostileOutcome) {
	ctx, cancel := context.WithTimeout(background, testkit.Patience)
	defer cancel()
	c, err := websocket.Dial(ctx, addr, opts)
	if err != nil {
		return hostileOutcome{dial: err}
	}
	defer c.CloseNow()
	for {
		_, p, err := c.Read(ctx)
		if err != nil {
			got.end = err
			return got
		}
		got.messages = append(got.messages, string(p))
	}
}

// judgeDial judges a Dial that has to fail.
func (got *hostileOutcome) judgeDial(t *testing.T, want *wstest.HostileWant) {
	t.Helper()
	err := got.dial
	switch {
	case err == nil:
		t.Fatalf("Dial() succeeds, and reading ends with %v", got.end)
	case want.Refusal != nil && !errors.Is(err, want.Refusal):
		t.Errorf("Dial() = %v, want %v", err, want.Refusal)
	case want.Timeout && !errors.Is(err, websocket.ErrTimeout):
		t.Errorf("Dial() = %v, want ErrTimeout", err)
	case !strings.Contains(err.Error(), want.Says):
		t.Errorf("Dial() = %v, want it to say %s", err, want.Says)
	}
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if ok != (want.Status != 0) || ok && refused.Status != want.Status {
		t.Errorf("Dial() = %v, want a HandshakeError with the status %d (0 for none)", err, want.Status)
	}
}

// judgeReading judges what is read behind a Dial that has to succeed.
func (got *hostileOutcome) judgeReading(t *testing.T, want *wstest.HostileWant) {
	t.Helper()
	if got.dial != nil {
		t.Fatalf("Dial() = %v, want success", got.dial)
	}
	if !slices.Equal(got.messages, want.Messages) {
		t.Errorf("received %.100q, want %.100q", got.messages, want.Messages)
	}
	closed, ok := errors.AsType[*websocket.CloseError](got.end)
	if !ok || closed.Code != want.Code {
		t.Errorf("reading ends with %v, which stands for %d; want a CloseError with %d", got.end, websocket.CloseStatus(got.end), want.Code)
	}
	if want.Violation != nil && !errors.Is(got.end, want.Violation) {
		t.Errorf("reading ends with %v, want %v", got.end, want.Violation)
	}
}
