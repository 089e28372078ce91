package wstest

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// hostileHandshakes are answers to the opening handshake: some are odd and legal, the
// others have to be refused.
func hostileHandshakes() (cases []Hostile) {
	opens := func(name, head string) {
		cases = append(cases, Hostile{Name: name, Answers: []string{head + conversation}, Client: HostileClient{Subprotocols: []string{"chat"}}, Want: converses})
	}
	opens("the response of the RFC", acceptance())
	opens("frames in the packet of the response", acceptance())
	opens("no reason", altered(" Switching Protocols", " "))
	opens("no space behind the status", altered(" Switching Protocols", ""))
	opens("reason in Latin-1", altered("Switching Protocols", "Schl\xfcssel"))
	opens("minor version above 1", altered("HTTP/1.1", "HTTP/1.2"))
	opens("field names in lower case", strings.ReplaceAll(strings.ToLower(acceptance()), "http/1.1", "HTTP/1.1"))
	opens("Upgrade in mixed case", altered("websocket", "WebSocket"))
	opens("Connection with keep-alive", altered("Connection: Upgrade", "Connection: keep-alive, Upgrade"))
	opens("Connection in two lines", altered("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"))
	opens("Connection with empty elements", altered("Connection: Upgrade", "Connection: ,, Upgrade ,"))
	opens("white space around values", altered("Upgrade: websocket", "Upgrade:\t websocket \t"))
	opens("no white space in front of values", altered("Upgrade: websocket", "Upgrade:websocket"))
	opens("folded field", acceptance("X-Note: one\r\n two"))
	opens("interim responses", head("HTTP/1.1 100 Continue")+head("HTTP/1.1 103 Early Hints", "Link: </a.css>")+acceptance())
	opens("length of a body", acceptance("Content-Length: 5"))
	opens("chunks announced", acceptance("Transfer-Encoding: chunked"))
	opens("sub-protocol", acceptance("Sec-WebSocket-Protocol: chat"))
	opens("60 KB of cookies", acceptance(strings.TrimSuffix(strings.Repeat("Set-Cookie: a="+strings.Repeat("x", 6000)+"\r\n", 10), "\r\n")))

	refused := func(name, answer string, refusal codec.Refusal) {
		c := Hostile{Name: name, Answers: []string{answer}, Then: Stay, Client: HostileClient{Subprotocols: []string{"chat"}}, Want: HostileWant{Refusal: refusal}}
		if refusal >= codec.ErrUpgrade && refusal != codec.ErrStatusLine || refusal == codec.ErrHTTP10 {
			c.Want.Status = 101
		}
		cases = append(cases, c)
	}
	refused("the key sent back", altered("{accept}", "dGhlIHNhbXBsZSBub25jZQ=="), codec.ErrAccept)
	refused("the answer to another key", altered("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), codec.ErrAccept)
	refused("the answer to the key in lower case", altered("{accept}", "s3pplmbitxaq9kygzzhzrbk+xoo="), codec.ErrAccept)
	refused("more behind the answer to the key", altered("{accept}", "{accept}x"), codec.ErrAccept)
	refused("the answer to the key in quotes", altered("{accept}", `"{accept}"`), codec.ErrAccept)
	refused("an empty answer to the key", altered("{accept}", ""), codec.ErrAccept)
	refused("no answer to the key", altered("Sec-WebSocket-Accept: {accept}\r\n", ""), codec.ErrAcceptMissing)
	refused("two answers to the key", acceptance("Sec-WebSocket-Accept: {accept}"), codec.ErrAcceptTwice)
	refused("no Upgrade", altered("Upgrade: websocket\r\n", ""), codec.ErrUpgrade)
	refused("another protocol", altered("websocket", "h2c"), codec.ErrUpgrade)
	refused("a longer name of a protocol", altered("websocket", "websockets"), codec.ErrUpgrade)
	refused("two protocols", altered("Upgrade: websocket", "Upgrade: websocket, h2c"), codec.ErrUpgrade)
	refused("no Connection", altered("Connection: Upgrade\r\n", ""), codec.ErrConnection)
	refused("Connection that closes", altered("Connection: Upgrade", "Connection: close"), codec.ErrConnection)
	refused("HTTP/1.0", altered("HTTP/1.1", "HTTP/1.0"), codec.ErrHTTP10)
	refused("sub-protocol that was not offered", acceptance("Sec-WebSocket-Protocol: superchat"), codec.ErrSubprotocolUnoffered)
	refused("sub-protocol in other case", acceptance("Sec-WebSocket-Protocol: Chat"), codec.ErrSubprotocolUnoffered)
	refused("list of sub-protocols", acceptance("Sec-WebSocket-Protocol: chat, chat"), codec.ErrSubprotocolUnoffered)
	refused("empty sub-protocol", acceptance("Sec-WebSocket-Protocol:"), codec.ErrSubprotocolUnoffered)
	refused("two sub-protocols", acceptance("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: chat"), codec.ErrSubprotocolSeveral)

	refused("HTTP/2", altered("HTTP/1.1", "HTTP/2.0"), codec.ErrStatusLine)
	refused("HTTP/2 in short", altered("HTTP/1.1", "HTTP/2"), codec.ErrStatusLine)
	refused("version in lower case", altered("HTTP/1.1", "http/1.1"), codec.ErrStatusLine)
	refused("status of two digits", altered(" 101 ", " 10 "), codec.ErrStatusLine)
	refused("status of four digits", altered(" 101 ", " 1010 "), codec.ErrStatusLine)
	refused("empty line in front", "\r\n"+acceptance(), codec.ErrStatusLine)
	refused("lines that end in LF", strings.ReplaceAll(acceptance(), "\r\n", "\n"), codec.ErrStatusLine)
	refused("a line that ends in LF", altered("websocket\r\n", "websocket\n"), codec.ErrLineEnd)
	refused("a line that ends in CR", altered("websocket\r\n", "websocket\rX: y\r\n"), codec.ErrLineEnd)
	refused("line without a colon", acceptance("huh"), codec.ErrHeaderLine)
	refused("space in front of a colon", altered("Upgrade: websocket", "Upgrade : websocket"), codec.ErrHeaderSpace)
	refused("name in Latin-1", acceptance("\xdcber: x"), codec.ErrHeaderName)
	refused("empty name", acceptance(": x"), codec.ErrHeaderName)
	refused("NUL in a value", acceptance("X: a\x00b"), codec.ErrHeaderValue)
	refused("folded first line", strings.Replace(acceptance(), "\r\n", "\r\n ", 1), codec.ErrHeaderFold)
	refused("TLS alert", "\x15\x03\x01\x00\x02\x02\x46", codec.ErrStatusLine)
	refused("frames of HTTP/2", "\x00\x00\x12\x04\x00\x00\x00\x00\x00", codec.ErrStatusLine)
	refused("page without a head", "<html>", codec.ErrStatusLine)
	refused("frames alone", fromServer(Text("hello")), codec.ErrStatusLine)

	cases = append(cases,
		Hostile{Name: "banner of SSH", First: true, Answers: []string{"SSH-2.0-OpenSSH_9.6\r\n"}, Then: Stay, Want: HostileWant{Refusal: codec.ErrStatusLine}},
		Hostile{Name: "banner of SMTP", First: true, Answers: []string{"220 mail.example ESMTP\r\n"}, Then: Stay, Want: HostileWant{Refusal: codec.ErrStatusLine}},
		Hostile{Name: "end", Answers: []string{""}, Want: HostileWant{Refusal: io.ErrUnexpectedEOF}},
		Hostile{Name: "end in the status line", Answers: []string{"HTTP/1.1 10"}, Want: HostileWant{Refusal: io.ErrUnexpectedEOF}},
		Hostile{Name: "end in the head", Answers: []string{strings.TrimSuffix(acceptance(), "\n")}, Want: HostileWant{Refusal: io.ErrUnexpectedEOF}},
		Hostile{Name: "end behind an interim response", Answers: []string{head("HTTP/1.1 100 Continue")}, Want: HostileWant{Refusal: io.ErrUnexpectedEOF}},
		Hostile{Name: "reset", Answers: []string{"HTTP/1.1 101"}, Then: Reset, Want: HostileWant{Says: "reset"}},
		Hostile{Name: "silence", Answers: []string{""}, Then: Stay, Client: HostileClient{HandshakeTimeout: hostileLimit}, Want: HostileWant{Timeout: true}},
	)
	return append(cases, hostileRefusals()...)
}

// hostileLimit is a time limit of the cases that exceed one.
const hostileLimit = 200 * time.Millisecond

// hostileRefusals are answers with another status than 101: the error has it, whatever
// becomes of the body.
func hostileRefusals() (cases []Hostile) {
	bodies := []struct {
		name, lines, body string
		then              Ending
	}{
		{"body with a length", "Content-Length: 3", "no\n", Stay},
		{"body in chunks", "Transfer-Encoding: chunked", "3\r\nno\n\r\n0\r\n\r\n", Stay},
		{"body to the end", "X: y", "no\n", Finish},
		{"body that does not come", "Content-Length: 3", "", Stay},
		{"half a body", "Content-Length: 300", "no\n", Stay},
		{"half a body and the end", "Content-Length: 300", "no\n", Finish},
		{"half a body and a reset", "Content-Length: 300", "no\n", Reset},
		{"chunks that do not come", "Transfer-Encoding: chunked", "", Stay},
		{"half a chunk", "Transfer-Encoding: chunked", "300\r\nno\n", Stay},
		{"chunk of 2^64 bytes", "Transfer-Encoding: chunked", "10000000000000000\r\nno\n", Stay},
		{"body to an end that does not come", "X: y", "no\n", Stay},
		{"two lengths", "Content-Length: 1\r\nContent-Length: 2", "no\n", Stay},
		{"negative length", "Content-Length: -1", "no\n", Stay},
		{"unknown coding", "Transfer-Encoding: x-none", "no\n", Stay},
		{"acceptance in the head", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\nContent-Length: 0", "", Stay},
	}
	for i, status := range []int{403, 200, 401, 204, 400, 404, 426, 199, 500, 503, 429, 299, 599, 999, 304} {
		b := bodies[i]
		c := Hostile{
			Name:    fmt.Sprintf("status %d, %s", status, b.name),
			Answers: []string{head(fmt.Sprintf("HTTP/1.1 %d No", status), b.lines) + b.body},
			Then:    b.then,
			Want:    HostileWant{Refusal: codec.ErrStatus, Status: status},
		}
		if status < 200 { // an interim response: the one that counts does not come
			c.Client.HandshakeTimeout, c.Want = hostileLimit, HostileWant{Timeout: true}
		}
		cases = append(cases, c)
	}
	return cases
}
