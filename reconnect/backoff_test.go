package reconnect_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/zerowire/websocket"
)

var errRefused = errors.New("connection refused")

// refusal is an opening handshake that was refused with a status and header fields.
func refusal(status int, fields ...string) error {
	e := &websocket.HandshakeError{Status: status, Header: http.Header{}}
	for i := 0; i < len(fields); i += 2 {
		e.Header.Set(fields[i], fields[i+1])
	}
	return e
}

// between is what a delay has to be.
type between struct{ least, most time.Duration }

const ms, sec = time.Millisecond, time.Second

// TestDelays is the table of delays: after each error of Dial, and by how much time
// passes before the next call of it.
func TestDelays(t *testing.T) {
	synctestStart := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // the time in every bubble
	date := func(d time.Duration) string { return synctestStart.Add(d).Format(http.TimeFormat) }
	for _, tt := range []struct {
		name       string
		base, most time.Duration
		errs       []error
		want       []between
	}{
		{"defaults", 0, 0,
			[]error{errRefused, errRefused, errRefused, errRefused, errRefused, errRefused, errRefused, errRefused},
			[]between{{0, 500 * ms}, {0, sec}, {0, 2 * sec}, {0, 4 * sec}, {0, 8 * sec}, {0, 16 * sec}, {0, 30 * sec}, {0, 30 * sec}}},
		{"of one's own", 10 * ms, 25 * ms,
			[]error{errRefused, errRefused, errRefused},
			[]between{{0, 10 * ms}, {0, 20 * ms}, {0, 25 * ms}}},
		{"a base above the limit", sec, 5 * ms, []error{errRefused}, []between{{0, 5 * ms}}},
		{"503 without Retry-After", 0, 0, []error{refusal(503)}, []between{{0, 500 * ms}}},
		{"503 with seconds", 0, 0, []error{refusal(503, "Retry-After", "120")}, []between{{120 * sec, 120*sec + 500*ms}}},
		{"429 with seconds, again", 0, 0,
			[]error{refusal(429, "Retry-After", "7"), refusal(429, "Retry-After", "7")},
			[]between{{7 * sec, 7*sec + 500*ms}, {7 * sec, 8 * sec}}},
		{"a date, by our clock", 0, 0, []error{refusal(503, "Retry-After", date(time.Minute))}, []between{{60 * sec, 60*sec + 500*ms}}},
		{"a date, by the server's clock", 0, 0,
			[]error{refusal(503, "Retry-After", date(time.Hour+time.Minute), "Date", date(time.Hour))},
			[]between{{60 * sec, 60*sec + 500*ms}}},
		{"a date that has passed", 0, 0, []error{refusal(503, "Retry-After", date(-time.Minute))}, []between{{0, 500 * ms}}},
		{"far too many seconds", 0, 0, []error{refusal(503, "Retry-After", "2000000000")}, []between{{time.Hour, time.Hour + 500*ms}}},
		{"more seconds than there are", 0, 0, []error{refusal(503, "Retry-After", "99999999999999999999")}, []between{{0, 500 * ms}}},
		{"fewer seconds than none", 0, 0, []error{refusal(503, "Retry-After", "-5")}, []between{{0, 500 * ms}}},
		{"no delay at all", 0, 0, []error{refusal(503, "Retry-After", "soon")}, []between{{0, 500 * ms}}},
		{"1012", 0, 0, []error{closed(1012)}, []between{{5 * sec, 30 * sec}}},
		{"1012, with a limit of 10 s", 0, 10 * sec, []error{closed(1012)}, []between{{5 * sec, 10 * sec}}},
		{"1012, with a limit of 2 s", 0, 2 * sec, []error{closed(1012)}, []between{{2 * sec, 2 * sec}}},
		{"1013", 0, 0, []error{closed(1013)}, []between{{15 * sec, 30 * sec}}},
		{"1013, with a limit of 2 s", 0, 2 * sec, []error{closed(1013)}, []between{{sec, 2 * sec}}},
		{"1013 of our own", 0, 0, []error{&websocket.CloseError{Code: 1013, Err: errRefused}}, []between{{0, 500 * ms}}},
		{"1001", 0, 0, []error{closed(1001)}, []between{{0, 500 * ms}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(tc *testClient) {
				tc.BaseDelay, tc.MaxDelay, tc.refusals = tt.base, tt.most, tt.errs
			}, func(tc *testClient) {
				tc.server() // all delays have passed
				waits := tc.waits()
				if len(waits) != len(tt.want) {
					t.Fatalf("%d delays, want %d", len(waits), len(tt.want))
				}
				for i, w := range waits {
					want := tt.want[i]
					if w.Delay < want.least || w.Delay > want.most {
						t.Errorf("delay %d is %v, want from %v to %v", i, w.Delay, want.least, want.most)
					}
					if got := tc.dialled[i+1].Sub(tc.dialled[i]); got != w.Delay {
						t.Errorf("attempt %d comes after %v, want the announced %v", i+1, got, w.Delay)
					}
					if w.Err != tt.errs[i] || w.Failures != i+1 {
						t.Errorf("change %d = %+v, want error %v and %d failures", i, w, tt.errs[i], i+1)
					}
				}
			})
		})
	}
}

func closed(code websocket.StatusCode) error { return &websocket.CloseError{Code: code} }

// TestDelaysAreSpread checks that the whole range of the jitter is used: of 300 clients
// after their sixth failure, some come in the first quarter of it and some in the
// last. That this fails by chance has a probability of 10^-37.
func TestDelaysAreSpread(t *testing.T) {
	var early, late int
	for range 300 {
		inBubble(t, func(tc *testClient) {
			tc.refusals = []error{errRefused, errRefused, errRefused, errRefused, errRefused, errRefused}
		}, func(tc *testClient) {
			tc.server()
			switch d := tc.waits()[5].Delay; {
			case d < 4*sec:
				early++
			case d > 12*sec:
				late++
			}
		})
	}
	if early == 0 || late == 0 {
		t.Errorf("of 300 delays up to 16 s, %d are below 4 s and %d above 12 s", early, late)
	}
}

// TestBackoffStartsAnew checks when the failures before a connection are forgotten.
func TestBackoffStartsAnew(t *testing.T) {
	for _, tt := range []struct {
		name     string
		lasts    time.Duration
		failures int // after the connection
	}{
		{"not after a connection that ends at once", 0, 4},
		{"not after a short one", 3 * sec, 4},
		{"after one that lasted", 5 * sec, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, func(tc *testClient) {
				tc.refusals = []error{errRefused, errRefused, errRefused}
			}, func(tc *testClient) {
				server := tc.server()
				time.Sleep(tt.lasts)
				server.CloseNow()
				tc.server()
				waits := tc.waits()
				if got := waits[len(waits)-1].Failures; got != tt.failures {
					t.Errorf("%d failures in a row, want %d", got, tt.failures)
				}
			})
		})
	}
}

// TestServerThatClosesIsNotFlooded connects to a server that closes every connection at
// once: the delays grow as if it refused them.
func TestServerThatClosesIsNotFlooded(t *testing.T) {
	inBubble(t, nil, func(tc *testClient) {
		start := time.Now()
		for time.Since(start) < 10*time.Minute {
			tc.server().Close(websocket.StatusInternalError, "no")
		}
		if n := tc.attempts(); n > 150 {
			t.Errorf("%d attempts in 10 minutes", n)
		}
	})
}
