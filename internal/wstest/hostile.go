package wstest

import (
	"slices"
	"strings"
	"time"

	"github.com/zerowire/websocket/codec"
)

// Hostile is a case of a server that does what a client must not rely on: the bytes that
// it sends, and what the client has to make of them. Cases are shared and must not be
// modified.
type Hostile struct {
	Group  string // handshake, redirects, extensions, frames, closing or resources
	Name   string
	Client HostileClient

	// Answers are the bytes for each connection in turn; the last one is for all that
	// follow. "{accept}" stands for the answer to the client's key, and "{host}" for
	// address and port of the server.
	Answers []string

	First   bool          // they are sent before there is a request
	Endless string        // sent again and again behind the last answer, as long as the client takes it
	Pace    time.Duration // between two times
	Then    Ending

	Want HostileWant
}

// HostileClient is what the client has to be set to. Zero means its default.
type HostileClient struct {
	Subprotocols                                   []string
	Compression                                    bool
	MaxMessage                                     int64
	HandshakeTimeout, MessageTimeout, CloseTimeout time.Duration
}

// Ending is what a server does behind its bytes.
type Ending uint8

// The endings.
const (
	Finish Ending = iota // closes its direction
	Stay                 // waits for a Close frame or the end, and closes
	Hold                 // waits for the client to end the connection, and goes on with Endless until then
	Reset                // resets the connection
)

// HostileWant is what the client has to do. Dial has to fail if Refusal, Status, Timeout or
// Says is set; otherwise it succeeds, and the rest is about what is read.
type HostileWant struct {
	Targets []string // of the requests; nil means the one of the URL, or with Timeout any

	Refusal error  // errors.Is finds it in the error of Dial
	Status  int    // of the response that the error of Dial holds; 0 if it holds none
	Timeout bool   // the error of Dial is that of the time limit
	Says    string // in the error of Dial

	Messages  []string
	Code      codec.StatusCode // with which reading ends
	Violation error            // errors.Is finds it in the error of reading
	Sends     codec.StatusCode // in the Close frame of the client; 0 is not judged

	Within time.Duration // 0 means 5 s
	Memory uint64        // that the process may allocate meanwhile, in bytes; 0 means 1 MiB
	Most   int64         // bytes that the server may get rid of, with what the system holds; 0 means 32 MiB
}

// Fails reports whether Dial has to fail.
func (w *HostileWant) Fails() bool {
	return w.Refusal != nil || w.Status != 0 || w.Timeout || w.Says != ""
}

// Hostiles returns the cases of the groups, all for none.
func Hostiles(groups ...string) (cases []*Hostile) {
	for _, c := range hostiles {
		if len(groups) == 0 || slices.Contains(groups, c.Group) {
			cases = append(cases, c)
		}
	}
	return cases
}

var hostiles = func() (cases []*Hostile) {
	for _, group := range []struct {
		name string
		of   []Hostile
	}{
		{"handshake", hostileHandshakes()},
		{"redirects", hostileRedirects()},
		{"extensions", hostileExtensions()},
		{"frames", hostileFrames()},
		{"closing", hostileClosings()},
		{"resources", hostileResources()},
	} {
		for i := range group.of {
			group.of[i].Group = group.name
			cases = append(cases, &group.of[i])
		}
	}
	return cases
}()

// head returns a head of these lines.
func head(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

// acceptance returns the response that accepts, with further lines.
func acceptance(more ...string) string {
	return head(append([]string{
		"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: {accept}",
	}, more...)...)
}

// altered returns acceptance with one part of it replaced.
func altered(from, to string) string {
	if !strings.Contains(acceptance(), from) {
		panic("wstest: altered: no " + from)
	}
	return strings.Replace(acceptance(), from, to, 1)
}

// fromServer returns frames as a server sends them.
func fromServer(frames ...Frame) string {
	var b []byte
	for _, f := range frames {
		b = f.Append(b)
	}
	return string(b)
}

// conversation is what a server sends to show that the connection works.
var conversation = fromServer(Text("hello"), Close(1000, "bye"))

// converses is what the client has to make of it.
var converses = HostileWant{Messages: []string{"hello"}, Code: 1000, Sends: 1000}
