package codec

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestRefusalStatus(t *testing.T) {
	for _, tc := range []struct {
		r    Refusal
		want int
	}{
		{0, 500}, {ErrRequestLine, 400}, {ErrHTTP10, 400}, {ErrHTTPMajor, 400}, {ErrLineEnd, 400}, {ErrHeaderLine, 400},
		{ErrHeaderName, 400}, {ErrHeaderSpace, 400}, {ErrHeaderFold, 400}, {ErrHeaderValue, 400}, {ErrHeadTooBig, 431},
		{ErrTooManyLines, 431}, {ErrHostMissing, 400}, {ErrHostTwice, 400}, {ErrHost, 400}, {ErrMethod, 405}, {ErrUpgrade, 426},
		{ErrConnection, 426}, {ErrVersion, 426}, {ErrVersionTwice, 400}, {ErrKeyMissing, 400}, {ErrKeyTwice, 400}, {ErrKey, 400},
		{ErrBody, 400}, {ErrSubprotocol, 400}, {ErrSubprotocolTwice, 400}, {ErrOriginTwice, 400}, {ErrOrigin, 403},
		{ErrTooManyConnections, 503}, {ErrStatusLine, 502}, {ErrStatus, 502}, {ErrAcceptMissing, 502}, {ErrAcceptTwice, 502},
		{ErrAccept, 502}, {ErrExtension, 502}, {ErrSubprotocolSeveral, 502}, {ErrSubprotocolUnoffered, 502}, {refusals, 500}, {short, 500},
	} {
		if got := tc.r.HTTPStatus(); got != tc.want {
			t.Errorf("%v.HTTPStatus() = %d, want %d", tc.r, got, tc.want)
		}
	}
}

// Every refusal makes a response that net/http reads to its end and that says
// what its status has to say.
func TestAppendRefusal(t *testing.T) {
	seen := map[string]bool{}
	for r := range refusals {
		if seen[r.Error()] {
			t.Errorf("%q is the text of two refusals", r.Error())
		}
		seen[r.Error()] = true

		b := AppendRefusal([]byte("before"), r)
		rd := bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("before"))))
		resp, err := http.ReadResponse(rd, nil)
		if err != nil {
			t.Fatalf("%v: net/http refuses the response: %v\n%q", r, err, b)
		}
		body, err := io.ReadAll(resp.Body)
		want := strings.TrimPrefix(r.Error(), "codec: ") + "\n"
		if err != nil || string(body) != want || rd.Buffered() != 0 {
			t.Errorf("%v: body %q, %v, %d bytes behind it; want %q, nil, 0", r, body, err, rd.Buffered(), want)
		}
		if resp.StatusCode != r.HTTPStatus() || !strings.HasSuffix(resp.Status, http.StatusText(r.HTTPStatus())) {
			t.Errorf("%v: status %q, want %d %s", r, resp.Status, r.HTTPStatus(), http.StatusText(r.HTTPStatus()))
		}
		if !resp.Close {
			t.Errorf("%v: the response keeps the connection open", r)
		}
		if got := resp.Header.Get("Allow"); (got == "GET") != (resp.StatusCode == 405) {
			t.Errorf("%v: Allow is %q", r, got)
		}
		connection := []string{"close"}
		upgrade, version := "", ""
		if resp.StatusCode == 426 {
			connection, upgrade, version = []string{"Upgrade, close"}, "websocket", "13"
		}
		h := resp.Header
		if h.Get("Upgrade") != upgrade || h.Get("Sec-WebSocket-Version") != version || !strings.Contains(string(b), "\r\nConnection: "+connection[0]+"\r\n") {
			t.Errorf("%v: Upgrade %q, Sec-WebSocket-Version %q in %q", r, h.Get("Upgrade"), h.Get("Sec-WebSocket-Version"), b)
		}
		var own Response
		if _, err := own.Parse(bytes.TrimPrefix(b, []byte("before"))); err != nil || own.Check(sampleNonce, nil, false) != ErrStatus {
			t.Errorf("%v: Response.Parse = %v, Check = %v", r, err, own.Check(sampleNonce, nil, false))
		}
	}
}

// What Parse and Check accept, net/http reads too, and sees the same.
func TestRequestAgainstNetHTTP(t *testing.T) {
	for _, tc := range append(validRequests(), invalidRequests()...) {
		t.Run(tc.name, func(t *testing.T) {
			var r Request
			n, parse, check := verdict(&r, []byte(tc.head))
			if parse != nil || check != nil {
				return
			}
			rd := bufio.NewReader(strings.NewReader(tc.head + "tail"))
			req, err := http.ReadRequest(rd)
			if err != nil {
				t.Fatalf("accepted with n=%d, but net/http says %v", n, err)
			}
			if req.Method != string(r.Method()) || req.RequestURI != string(r.Target()) || req.Host != string(r.Host()) {
				t.Errorf("got %q %q %q, net/http has %q %q %q", r.Method(), r.Target(), r.Host(), req.Method, req.RequestURI, req.Host)
			}
			path, err := url.PathUnescape(string(r.Path()))
			if err != nil || path != max(req.URL.Path, "/") || string(r.Query()) != req.URL.RawQuery {
				t.Errorf("got path %q query %q, net/http has %q %q", r.Path(), r.Query(), req.URL.Path, req.URL.RawQuery)
			}
			got := http.Header{}
			for k, v := range r.Fields() {
				got.Add(string(k), string(v))
			}
			got.Del("Host") // net/http keeps it apart, and removes repetitions of Content-Length
			if v := got["Content-Length"]; v != nil {
				got["Content-Length"] = slices.Compact(v)
			}
			for k := range req.Header {
				if !slices.Equal(got[k], req.Header[k]) {
					t.Errorf("%s: got %q, net/http has %q", k, got[k], req.Header[k])
				}
			}
			for k := range got {
				if _, ok := req.Header[k]; !ok {
					t.Errorf("%s: got %q, net/http has none", k, got[k])
				}
			}
			if rest, _ := io.ReadAll(rd); string(rest) != "tail" {
				t.Errorf("net/http leaves %q behind the head, want %q", rest, "tail")
			}
		})
	}
}
