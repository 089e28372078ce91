package frameworks

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/zerowire/websocket"
)

const stackRequest = `GET /ws HTTP/1.1
Host: api.example
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
Accept-Encoding: gzip, zstd

`

// refusals are requests that are refused, with the status.
var refusals = []struct {
	name, request string
	status        int
}{
	{"a page", "GET /ws HTTP/1.1\nHost: api.example\nAccept-Encoding: gzip, zstd\n\n", 426},
	{"another version", strings.Replace(stackRequest, ": 13", ": 8", 1), 426},
	{"another method", strings.Replace(stackRequest, "GET", "POST", 1), 405},
	{"another origin", strings.Replace(stackRequest, "\n\n", "\nOrigin: https://evil.example\n\n", 1), 403},
	{"two keys", strings.Replace(stackRequest, "\n\n", "\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n", 1), 400},
}

// TestFrameworksPassRefusals has each stack pass on why a request is refused: what
// compresses bodies does so with it, and the access log has its status.
func TestFrameworksPassRefusals(t *testing.T) {
	t.Parallel()
	for _, s := range stacks {
		for _, way := range ways {
			t.Run(s.name+"/"+way.name, func(t *testing.T) {
				t.Parallel()
				var srv websocket.Server
				echoing(&srv)
				r := s.run(t, way.serve(&srv))
				bare := httptest.NewServer(way.serve(&srv))
				t.Cleanup(bare.Close)
				for _, refusal := range refusals {
					t.Run(refusal.name, func(t *testing.T) {
						want, wantBody := exchange(t, bare.Listener.Addr().String(), refusal.request)
						got, body := exchange(t, r.addr, refusal.request)
						if got.StatusCode != refusal.status || want.StatusCode != refusal.status {
							t.Errorf("status %d, without the stack %d, want %d", got.StatusCode, want.StatusCode, refusal.status)
						}
						if body != wantBody || len(body) < 10 {
							t.Errorf("body %q, without the stack %q", body, wantBody)
						}
						for _, name := range []string{"Upgrade", "Sec-Websocket-Version", "Allow", "Content-Type"} {
							if got.Header.Get(name) != want.Header.Get(name) {
								t.Errorf("%s: %q, without the stack %q", name, got.Header.Get(name), want.Header.Get(name))
							}
						}
						if !got.Close {
							t.Error("the connection is kept")
						}
						if s.encodes && refusal.name == "a page" && got.Header.Get("Content-Encoding") == "" {
							t.Errorf("the response is not compressed: %v", got.Header)
						}
						r.wantLogged(t, refusal.status)
					})
				}
				if said := r.errors.String(); said != "" {
					t.Errorf("the error log has %q", said)
				}
			})
		}
	}
}

// exchange sends a request and returns the response and its decoded body.
func exchange(t *testing.T, addr, request string) (*http.Response, string) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, strings.ReplaceAll(request, "\n", "\r\n")); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(nc)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := decoded(resp)
	if err != nil {
		t.Fatalf("the body with Content-Encoding %q: %v", resp.Header.Get("Content-Encoding"), err)
	}
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
		t.Errorf("after the response: %q, %v, want the end of the connection", rest, err)
	}
	return resp, body
}

// decoded reads the body of a response, and decodes it.
func decoded(resp *http.Response) (string, error) {
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	var in io.Reader = bytes.NewReader(raw)
	switch coding := resp.Header.Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		if in, err = gzip.NewReader(in); err != nil {
			return "", err
		}
	case "zstd":
		d, err := zstd.NewReader(in)
		if err != nil {
			return "", err
		}
		defer d.Close()
		in = d
	default:
		return "", fmt.Errorf("unknown coding %q", coding)
	}
	body, err := io.ReadAll(in)
	return string(body), err
}
