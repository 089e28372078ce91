package wstest

import (
	"strings"

	"github.com/zerowire/websocket/codec"
)

// hostileRedirects are redirects: some are odd and have to be followed, the others end
// Dial with the status of the redirect.
func hostileRedirects() (cases []Hostile) {
	to := func(location string, more ...string) string {
		return head(append([]string{"HTTP/1.1 302 Found", "Location: " + location}, more...)...)
	}
	followed := func(name, first string, targets ...string) {
		want := converses
		want.Targets = append([]string{"/chat"}, targets...)
		cases = append(cases, Hostile{Name: name, Answers: []string{first, acceptance() + conversation}, Then: Stay, Want: want})
	}
	followed("path", to("/next", "Content-Length: 0"), "/next")
	followed("path with an empty body in chunks", to("/next", "Transfer-Encoding: chunked")+"0\r\n\r\n", "/next")
	followed("relative path", to("next?a=b"), "/next?a=b")
	followed("query alone", to("?a=b"), "/chat?a=b")
	followed("scheme ws", to("ws://{host}/next"), "/next")
	followed("scheme http", to("http://{host}/next"), "/next")
	followed("without a scheme", to("//{host}/next"), "/next")
	followed("without a path", to("ws://{host}"), "/")
	followed("fragment", to("/next#there"), "/next")
	followed("dots", to("/a/../../next"), "/next")
	followed("query with a space", to("/next?q=a b"), "/next?q=a%20b")
	followed("query in UTF-8", to("/next?q=\u00fc"), "/next?q=%C3%BC")
	followed("query in Latin-1", to("/next?q=\xfc"), "/next?q=%FC")
	followed("path in UTF-8", to("/n\u00fc xt"), "/n%C3%BC%20xt")
	followed("line end, escaped", to("/next%0D%0AX:%20y"), "/next%0D%0AX:%20y")
	followed("path of 30 KB", to("/"+strings.Repeat("x", 30_000)), "/"+strings.Repeat("x", 30_000))
	followed("body that does not come", to("/next", "Content-Length: 100"), "/next")
	followed("half a body", to("/next", "Content-Length: 100")+"half", "/next")
	followed("half a chunk", to("/next", "Transfer-Encoding: chunked")+"64\r\nhalf", "/next")
	followed("body to an end that does not come", to("/next")+"half", "/next")
	followed("301", strings.Replace(to("/next"), "302", "301", 1), "/next")
	followed("303", strings.Replace(to("/next"), "302", "303", 1), "/next")
	followed("307", strings.Replace(to("/next"), "302", "307", 1), "/next")
	followed("308", strings.Replace(to("/next"), "302", "308", 1), "/next")

	refused := func(name, answer string, status int, says string, requests int) {
		targets := []string{"/chat"}
		for len(targets) < requests {
			targets = append(targets, "/chat")
		}
		cases = append(cases, Hostile{Name: name, Answers: []string{answer}, Then: Stay,
			Want: HostileWant{Refusal: codec.ErrStatus, Status: status, Says: says, Targets: targets}})
	}
	refused("loop", to("/chat"), 302, "more than 10 times", 11)
	refused("loop, bodies that do not come", to("/chat", "Content-Length: 100"), 302, "more than 10 times", 11)
	refused("no Location", head("HTTP/1.1 302 Found"), 302, "302", 1)
	refused("empty Location", to(""), 302, "302", 1)
	refused("unknown scheme", to("ftp://{host}/"), 302, `"ftp"`, 1)
	refused("file", to("file:///etc/passwd"), 302, `"file"`, 1)
	refused("script", to("javascript:alert(1)"), 302, `"javascript"`, 1)
	refused("unix socket", to("ws+unix:///run/docker.sock:/"), 302, "unix socket", 1)
	refused("no host", to("ws:///next"), 302, "without a host", 1)
	refused("port that is none", to("ws://example.com:http/"), 302, `":http"`, 1)
	refused("port above 65535", to("ws://example.com:65536/"), 302, `"65536"`, 1)
	refused("internationalised host", to("ws://b\u00fccher.example/"), 302, "xn--", 1)
	refused("host in Latin-1", to("ws://b\xfccher.example/"), 302, "xn--", 1)
	refused("host with a space", to("ws://exa mple.com/"), 302, "malformed", 1)
	refused("query too long", to("/?"+strings.Repeat("\xfc", 30_000)), 302, "90002 bytes", 1)
	for _, status := range []string{"300", "304", "305", "306"} {
		refused("status "+status, strings.Replace(to("/next", "Content-Length: 0"), "302", status, 1), 300+int(status[2]-'0'), status, 1)
	}
	cases = append(cases,
		Hostile{Name: "to TLS, which is none", Answers: []string{to("wss://{host}/next"), ""}, Want: HostileWant{Says: "TLS"}},
		Hostile{Name: "line end in Location", Answers: []string{to("/next\rX: y")}, Then: Stay, Want: HostileWant{Refusal: codec.ErrLineEnd}},
		Hostile{Name: "NUL in Location", Answers: []string{to("/next\x00")}, Then: Stay, Want: HostileWant{Refusal: codec.ErrHeaderValue}},
		Hostile{Name: "then a refusal", Answers: []string{to("/next"), head("HTTP/1.1 403 No", "Content-Length: 0")}, Then: Stay,
			Want: HostileWant{Refusal: codec.ErrStatus, Status: 403, Targets: []string{"/chat", "/next"}}},
		Hostile{Name: "then silence", Answers: []string{to("/next"), ""}, Then: Stay, Client: HostileClient{HandshakeTimeout: hostileLimit},
			Want: HostileWant{Timeout: true}},
	)
	return cases
}
