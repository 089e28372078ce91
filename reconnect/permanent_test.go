package reconnect_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/codec"
	"github.com/zerowire/websocket/reconnect"
)

func TestPermanent(t *testing.T) {
	dial := func(url string, opts *websocket.DialOptions) error {
		_, err := websocket.Dial(t.Context(), url, opts)
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"200":                  {refusal(200), true},
		"301":                  {refusal(301), true},
		"400":                  {refusal(400), true},
		"401":                  {refusal(401), true},
		"403":                  {refusal(403), true},
		"404":                  {refusal(404), true},
		"407":                  {refusal(407), true},
		"408":                  {refusal(408), false},
		"410":                  {refusal(410), true},
		"421":                  {refusal(421), false},
		"425":                  {refusal(425), false},
		"426":                  {refusal(426), true},
		"429":                  {refusal(429), false},
		"500":                  {refusal(500), false},
		"501":                  {refusal(501), true},
		"502":                  {refusal(502), false},
		"503":                  {refusal(503), false},
		"504":                  {refusal(504), false},
		"505":                  {refusal(505), true},
		"no sockets":           {fmt.Errorf("websocket: dial: %w", errors.ErrUnsupported), true},
		"a wrong 101":          {refusal(101), true},
		"1000":                 {closed(1000), false},
		"1001":                 {closed(1001), false},
		"1002":                 {closed(1002), false},
		"1003":                 {closed(1003), true},
		"no code":              {closed(1005), false},
		"1007":                 {closed(1007), true},
		"1008":                 {closed(1008), true},
		"1009":                 {closed(1009), false},
		"1010":                 {closed(1010), true},
		"1011":                 {closed(1011), false},
		"1012":                 {closed(1012), false},
		"1013":                 {closed(1013), false},
		"1014":                 {closed(1014), false},
		"3000":                 {closed(3000), true},
		"3003":                 {closed(3003), true},
		"4000":                 {closed(4000), false},
		"1008 of our own":      {&websocket.CloseError{Code: 1008, Err: websocket.ErrTimeout}, false},
		"wrapped":              {fmt.Errorf("dial: %w", refusal(403)), true},
		"a violation":          {codec.ErrText, false},
		"io.EOF":               {io.EOF, false},
		"a time limit":         {websocket.ErrTimeout, false},
		"a context of its own": {context.DeadlineExceeded, false},
		"a certificate":        {x509.UnknownAuthorityError{}, false},
		"a name":               {&net.DNSError{IsNotFound: true}, false},
		"an unknown error":     {errors.New("unknown"), false},
		"a scheme":             {dial("ftp://example.com", nil), true},
		"a malformed URL":      {dial("ws://[::1", nil), true},
		"a URL without a host": {dial("ws:///path", nil), true},
		"a reserved header":    {dial("ws://127.0.0.1:1", &websocket.DialOptions{Header: http.Header{"Upgrade": {"h2c"}}}), true},
		"an option":            {dial("ws://127.0.0.1:1", &websocket.DialOptions{Options: websocket.Options{Compression: &websocket.Compression{Level: 10}}}), true},
		"a port nobody is at":  {dial("ws://127.0.0.1:1", nil), false},
	} {
		if got := reconnect.Permanent(tt.err); got != tt.want {
			t.Errorf("%s: Permanent(%v) = %t, want %t", name, tt.err, got, tt.want)
		}
	}
}

// TestRunGivesUp checks that Run returns the first error that is permanent, wherever it
// comes from, and dials no more.
func TestRunGivesUp(t *testing.T) {
	mine := errors.New("mine")
	for _, tt := range []struct {
		name string
		set  func(*testClient)
		want error // in the chain of what Run returns; nil for a *CloseError
	}{
		{"a refusal", func(tc *testClient) { tc.refusals = []error{errRefused, refusal(401)} }, refusal(401)},
		{"Subscribe", func(tc *testClient) {
			tc.refusals = []error{errRefused}
			tc.Subscribe = func(context.Context, *websocket.Conn) error { return closed(3000) }
		}, closed(3000)},
		{"Serve", func(tc *testClient) {
			tc.refusals = []error{errRefused}
			tc.Serve = func(context.Context, *websocket.Conn) error { return closed(1008) }
		}, closed(1008)},
		{"GiveUp", func(tc *testClient) {
			tc.refusals = []error{refusal(401), mine}
			tc.GiveUp = func(err error) bool { return errors.Is(err, mine) }
		}, mine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inBubble(t, tt.set, func(tc *testClient) {
				start := time.Now()
				<-tc.done
				if tc.err == nil || errors.Unwrap(tc.err) == nil || errors.Unwrap(tc.err).Error() != tt.want.Error() {
					t.Errorf("Run() = %v, want %v in it", tc.err, tt.want)
				}
				if n := tc.attempts(); n != 2 || time.Since(start) > 3*sec {
					t.Errorf("%d attempts in %v, want 2", n, time.Since(start))
				}
				err := tc.Write(background, websocket.OpText, nil)
				tc.want("a Write afterwards", err, reconnect.ErrEnded)
				tc.want("says why", err, errors.Unwrap(tc.err))
				last := tc.changes[len(tc.changes)-1]
				if last.State != reconnect.Ended || last.Err != tc.err {
					t.Errorf("the last change is %+v", last)
				}
			})
		})
	}
}

// TestRunGivesUpOnPolicy has a real Close frame end the Client.
func TestRunGivesUpOnPolicy(t *testing.T) {
	inBubble(t, nil, func(tc *testClient) {
		tc.server().Close(websocket.StatusPolicyViolation, "no")
		<-tc.done
		if e, ok := errors.AsType[*websocket.CloseError](tc.err); !ok || e.Code != 1008 || e.Reason != "no" {
			t.Errorf("Run() = %v, want the server's Close frame", tc.err)
		}
	})
}
