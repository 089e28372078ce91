package inspect

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCapturesOfRealSessions reads what testdata/capture.py has captured, and looks
// for lines in their order.
func TestCapturesOfRealSessions(t *testing.T) {
	tests := []struct {
		name       string
		want       []string
		lines      int // all of them
		violations int
	}{
		{"chat", []string{
			"#1: client 127.0.0.1:38794, server 127.0.0.1:18080",
			"       0 #1 → Sec-WebSocket-Protocol: chat",
			"       0 #1 ← Sec-WebSocket-Protocol: chat",
			`     274 #1 → text                  403a4a99      4 "frag"`,
			`     284 #1 → continuation          7a511023      4 "ment"`,
			`     294 #1 → continuation          bbd0b8ed      2 "ed"`,
			`     302 #1 → continuation FIN      e4cd7ceb      0`,
			`     246 #1 ← text         FIN                   10 "fragmented"`,
			`     318 #1 → ping         FIN      18aae776     12 "still there?"`,
			`     264 #1 ← pong         FIN                   12 "still there?"`,
			`     278 #1 ← close        FIN                    5 1000 normal closure "bye"`,
		}, 30, 0},
		{"ipv6", []string{
			"#1: client [::1]:57034, server [::1]:18080",
			"       0 #1 → Host: [::1]:18080",
			`     191 #1 → text         FIN      a6480ffe     11 "Hello, wire"`,
			`     248 #1 ← close        FIN                    5 1000 normal closure "bye"`,
		}, 27, 0},
		{"deflate", []string{
			"       0 #1 ← Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
			`     265 #1 → text         FIN RSV1 19215b46     18 inflated 18 "to be or not to be"`,
			`     303 #1 ← text         FIN RSV1              18 inflated 18 "to be or not to be"`,
			`     289 #1 → text         FIN RSV1 a77b739e      5 inflated 18 "to be or not to be"`,
			`     323 #1 ← text         FIN RSV1               5 inflated 18 "to be or not to be"`,
			`     300 #1 → binary       FIN RSV1 b3b38a0d     10 inflated 1000 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …`,
			`     316 #1 → text         RSV1     8c883405      9 compressed 82 e4 7c 00 00 00 00 ff ff`,
			`     360 #1 → continuation FIN      966b3637      1 inflated 18 "to be or not to be"`,
			`     349 #1 ← close        FIN                    2 1000 normal closure`,
		}, 29, 0},
		{"several", []string{
			`     195 #1 → text         FIN      bd88bc40      3 "one"`,
			`     195 #2 → text         FIN      44716382      3 "two"`,
			`     203 #1 ← text         FIN                    3 "one"`,
			`     203 #2 ← text         FIN                    3 "two"`,
			"not shown: 1 encrypted (TLS); name their key log with --keylog, capture behind what ends TLS, or let zerowire proxy --trace show them",
			"not shown: 1 that do not speak WebSocket",
		}, 38, 0},
		{"violation", []string{
			`     148 #1 → text         FIN      37fa213d      5 "Hello"`,
			`     203 #1 ← text         FIN                    5 "Hello"`,
			`     159 #1 → text         FIN                    5 "Hello" VIOLATION by the client: frame from a client is not masked (RFC 6455 §5.1)`,
			`     210 #1 ← close        FIN                    2 1002 protocol error`,
		}, 17, 1},
		{"keepalive", []string{ // nginx asks its upstream on a connection that it keeps
			"#1: client 127.0.0.1:47814, server 127.0.0.1:7300",
			"     256 #1 → GET /ws HTTP/1.1",
			"     616 #1 ← HTTP/1.1 101 Switching Protocols",
			`     495 #1 → text         FIN      4f1aafdf     22 "on a reused connection"`,
			`     804 #1 ← text         FIN                   22 "on a reused connection"`,
			`     828 #1 ← close        FIN                    2 1000 normal closure`,
			"not shown: 2 exchanges of plain HTTP on these connections",
		}, 21, 0},
		{"auth401", []string{ // and the retry with credentials
			"       0 #1 ← HTTP/1.1 401 Unauthorized",
			"     144 #1 → Authorization: Basic dTpw",
			"      86 #1 ← HTTP/1.1 101 Switching Protocols",
			`     315 #1 → text         FIN      11223344     10 "after auth"`,
			`     215 #1 ← text         FIN                    3 "yes"`,
		}, 23, 0},
		{"ooo", []string{ // the response was captured before the request
			"#1: client 10.0.0.1:40000, server 10.0.0.2:80",
			"       0 #1 → GET /chat HTTP/1.1",
			"       0 #1 ← HTTP/1.1 101 Switching Protocols",
			`     144 #1 → text         FIN      11223344      5 "hello"`,
			"    5133 #1 ← close        FIN                    2 1000 normal closure",
		}, 15, 0},
		{"nginx", []string{ // aiohttp in front of it and behind it
			`     490 #1 → text         FIN      b188339c     15 "through a proxy"`,
			`     454 #2 → text         FIN      b188339c     15 "through a proxy"`,
			`     827 #2 ← text         FIN                   15 "through a proxy"`,
			`     836 #1 ← text         FIN                   15 "through a proxy"`,
			"not shown: 4 exchanges of plain HTTP on these connections",
		}, 43, 0},
		{"caddy", []string{ // aiohttp in front of it and behind it, then curl, which gets 401 first
			"     616 #1 ← HTTP/1.1 101 Switching Protocols",
			`     490 #1 → text         FIN      562822ac     15 "through a proxy"`,
			`     241 #2 ← text         FIN                   15 "through a proxy"`,
			"       0 #3 ← HTTP/1.1 401 Unauthorized",
			"     202 #3 → Authorization: Basic YW5uOnNlc2FtZQ==",
			"     144 #3 ← HTTP/1.1 101 Switching Protocols",
			`     400 #3 ← text         FIN                    7 "welcome"`,
			"not shown: 2 exchanges of plain HTTP on these connections",
		}, 102, 0},
		{"tls", []string{
			"       0 #1 → User-Agent: zerowire",
			`     180 #1 → text         FIN      705e5dbb     11 "by zerowire"`,
			`     142 #1 ← close        FIN                    2 1000 normal closure`,
			`     129 #2 ← text         FIN                   17 "AES128-GCM-SHA256"`,
			`     129 #3 ← text         FIN                   17 "AES256-GCM-SHA384"`,
			`     129 #4 ← text         FIN                   17 "CHACHA20-POLY1305"`,
			`     152 #5 → text         FIN      37fa213d      5 "Hello"`, // with a HelloRetryRequest
			`     129 #5 ← text         FIN                    5 "Hello"`,
			`     152 #6 → text         FIN      37fa213d      5 "Hello"`, // behind a KeyUpdate
			`     129 #6 ← text         FIN                    5 "Hello"`,
		}, 90, 0},
		{"lo.pcap.gz", []string{
			`     226 #1 → text         FIN RSV1 bf3dd324      7 inflated 5 "hello"`,
			`     320 #1 ← close        FIN                    5 1000 normal closure "bye"`,
		}, 23, 0},
		{"vxlan-two", []string{
			"#1: client 10.244.1.5:40000, server 10.244.2.7:80, in VXLAN 3 1.1.1.1–2.2.2.2",
			"#2: client 10.244.1.6:40000, server 10.244.2.8:80, in VXLAN 3 1.1.1.1–2.2.2.2",
			`     144 #1 → text         FIN      11223344      5 "hello"`,
			`     144 #2 → text         FIN      11223344      5 "hello"`,
			"    5133 #1 ← close        FIN                    2 1000 normal closure",
			"    5133 #2 ← close        FIN                    2 1000 normal closure",
		}, 30, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := tt.name
			if !strings.Contains(name, ".") {
				name += ".pcap"
			}
			file, err := os.ReadFile("testdata/" + name)
			if err != nil {
				t.Fatal(err)
			}
			keys := "testdata/" + tt.name + ".keys"
			if _, err := os.Stat(keys); err != nil {
				keys = ""
			}
			got, violations := decrypted(t, file, keys)
			if violations != tt.violations || len(got) != tt.lines {
				t.Errorf("%s.pcap: %d violations in %d lines, want %d in %d", tt.name, violations, len(got), tt.violations, tt.lines)
			}
			at := 0
			for _, line := range tt.want {
				i := slices.Index(got[at:], line)
				if i < 0 {
					t.Errorf("%s.pcap: no line %q from line %d on", tt.name, line, at+1)
					continue
				}
				at += i + 1
			}
			if t.Failed() {
				for _, line := range got {
					t.Log(line)
				}
			}
		})
	}
}
