package inspect

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// conversation follows HTTP/1.1 on a connection, one exchange after the other, until
// one of them opens a WebSocket.
//
// Each direction is read by a coroutine, in straight code: it is resumed when bytes
// have come, and yields when it needs more, or something of the other direction.
type conversation struct {
	conn    *connection
	halves  [2]*half    // by the end that sends
	pending []*exchange // requests whose responses are to come
	steps   int         // counts what one direction does that the other waits for
	opened  *exchange   // the opening handshake that frames follow
	missed  *exchange   // one whose request is not in the capture, or nil
}

// exchange is a request and its response.
type exchange struct {
	method   string
	session  *trace.Session // nil unless it asks for WebSocket
	begun    [2]bool
	base     [2]int64 // where its heads begin, in bytes of their direction
	answered bool
}

// newConversation returns the conversation on c, of which the directions begin at
// these offsets.
func newConversation(c *connection, missed bool, offsets [2]int64) *conversation {
	cv := &conversation{conn: c}
	if missed {
		cv.missed = &exchange{method: http.MethodGet}
		cv.pending = []*exchange{cv.missed}
	}
	for i, read := range [2]func(*half){codec.Client: cv.requests, codec.Server: cv.responses} {
		h := &half{at: offsets[i]}
		h.br = bufio.NewReaderSize(h, codec.MaxHeadBytes)
		h.next, h.stop = iter.Pull(func(yield func(struct{}) bool) {
			h.yield = func() bool { return yield(struct{}{}) }
			read(h)
		})
		cv.halves[i] = h
	}
	return cv
}

// write takes the next bytes of an end, which came at the time now.
func (cv *conversation) write(from codec.Role, now time.Time, p []byte) {
	if len(p) > 0 {
		h := cv.halves[from]
		h.chunks = append(h.chunks, chunk{now, bytes.Clone(p)})
		h.held += len(p)
		cv.resume(from)
	}
}

// end takes note that an end has sent all.
func (cv *conversation) end(from codec.Role) {
	cv.halves[from].ended = true
	cv.resume(from)
}

// resume lets both directions go on until both wait for bytes.
func (cv *conversation) resume(from codec.Role) {
	for before := -1; before != cv.steps && cv.opened == nil; {
		before = cv.steps
		cv.halves[from].next()
		cv.halves[from.Peer()].next()
	}
}

// stop ends the coroutines.
func (cv *conversation) stop() {
	for _, h := range cv.halves {
		h.stop()
	}
}

// finish returns the Session of the opening handshake once that is done, and hands it
// what has come behind the heads. Before that it returns nil.
func (cv *conversation) finish() *trace.Session {
	x := cv.opened
	if x == nil {
		return nil
	}
	cv.stop()
	for _, from := range []codec.Role{codec.Server, codec.Client} {
		h := cv.halves[from]
		buffered, _ := h.br.Peek(h.br.Buffered())
		if from == codec.Server && !x.begun[from] && startOf(buffered) == startsElse {
			x.begin(from, h)
			x.session.Lose(from, h.now, errors.New("the response to the opening handshake is missing in the capture"))
		}
		x.begin(from, h)
		x.session.Write(from, h.now, buffered)
		for _, c := range h.chunks {
			x.session.Write(from, c.at, c.p)
		}
	}
	return x.session
}

// requests reads what the client sends.
func (cv *conversation) requests(h *half) {
	if cv.missed != nil && !cv.await(h, cv.missed) {
		return
	}
	for h.sync(startsRequest) {
		head, err := h.head()
		x := new(exchange)
		if trace.Opens(head) {
			x.session = cv.session(x)
			x.begin(codec.Client, h)
			if err != nil {
				cv.opened = x // which shows what there is of the head
				return
			}
			x.session.Write(codec.Client, h.now, head)
		}
		if err != nil {
			return
		}
		request, err := http.ReadRequest(h.br)
		if err == nil {
			x.method = request.Method
		}
		if x.session == nil {
			cv.conn.plain++
		}
		cv.pending = append(cv.pending, x)
		cv.steps++
		if (x.session != nil || x.method == http.MethodConnect) && !cv.await(h, x) {
			return
		}
		if err == nil {
			io.Copy(io.Discard, request.Body)
		}
	}
}

// await waits until x is answered.
func (cv *conversation) await(h *half, x *exchange) bool {
	for !x.answered {
		if h.held > maxHeld && x.session != nil {
			cv.opened = x // no answer is to come any more
		}
		if !h.yield() {
			return false
		}
	}
	return true
}

// responses reads what the server sends.
func (cv *conversation) responses(h *half) {
	for h.sync(startsResponse) {
		head, err := h.head()
		for len(cv.pending) == 0 && !cv.halves[codec.Client].ended {
			if !h.yield() {
				return
			}
		}
		if err != nil || len(cv.pending) == 0 {
			break
		}
		x := cv.pending[0]
		if x == cv.missed && x.session == nil && trace.Opens(head) {
			x.session = cv.session(x)
			x.session.MissRequest()
			x.begin(codec.Client, cv.halves[codec.Client])
		}
		if x.session != nil {
			x.begin(codec.Server, h)
			x.session.Write(codec.Server, h.now, head)
		}
		response, err := http.ReadResponse(h.br, &http.Request{Method: x.method})
		switch {
		case err != nil:
			continue
		case response.StatusCode == http.StatusSwitchingProtocols && x.session != nil:
			cv.opened = x
			return
		case response.StatusCode/100 == 1:
			continue
		}
		x.answered = true
		cv.pending = cv.pending[1:]
		cv.steps++
		if x.method != http.MethodConnect || response.StatusCode/100 != 2 {
			io.Copy(io.Discard, response.Body)
		}
	}
	// A request without an answer may have been accepted.
	if len(cv.pending) > 0 && cv.pending[0].session != nil && h.ended {
		cv.opened = cv.pending[0]
	}
}

// session returns the Session that shows an exchange.
func (cv *conversation) session(x *exchange) *trace.Session {
	s := trace.NewSession(true, 0, func(e trace.Event) {
		e.Offset += x.base[e.From]
		cv.conn.event(e)
	})
	if cv.conn.all.strict {
		s.Strict()
	}
	return s
}

// begin notes where the first head of an end begins.
func (x *exchange) begin(from codec.Role, h *half) {
	if !x.begun[from] {
		x.begun[from], x.base[from] = true, h.at-int64(h.br.Buffered())
	}
}

// half is one direction of a conversation. It is the io.Reader of its bytes, which
// yields while there are none.
type half struct {
	br     *bufio.Reader
	chunks []chunk
	held   int       // bytes in chunks
	at     int64     // bytes handed to br
	now    time.Time // when the last of those came
	ended  bool
	next   func() (struct{}, bool)
	stop   func()
	yield  func() bool // returns false when there is no need to go on
}

// chunk is what came at a time.
type chunk struct {
	at time.Time
	p  []byte
}

// maxHeld is how many bytes may wait for the response to a request.
const maxHeld = 1 << 20

// Read implements io.Reader.
func (h *half) Read(p []byte) (int, error) {
	for len(h.chunks) == 0 {
		if h.ended || !h.yield() {
			return 0, io.EOF
		}
	}
	c := &h.chunks[0]
	n := copy(p, c.p)
	h.now = c.at
	h.at, h.held = h.at+int64(n), h.held-n
	if c.p = c.p[n:]; len(c.p) == 0 {
		h.chunks = h.chunks[1:]
	}
	return n, nil
}

// sync finds the next head: what is no head is left out. It returns false if there is
// none.
func (h *half) sync(want start) bool {
	for {
		p, err := h.br.Peek(len(longestStart))
		if startOf(p) == want {
			return true
		}
		if err != nil {
			return startOf(p) == startsShort && len(p) > 0
		}
		h.br.Discard(h.br.Buffered())
	}
}

// head returns the head that comes next, which stays there. With an error it is what
// there is of it.
func (h *half) head() ([]byte, error) {
	for {
		p, _ := h.br.Peek(h.br.Buffered())
		if end := bytes.Index(p, []byte("\r\n\r\n")); end >= 0 {
			return p[:end+4], nil
		}
		if _, err := h.br.Peek(len(p) + 1); err != nil {
			return p, err
		}
	}
}

// start is what bytes begin with.
type start int

const (
	startsElse start = iota
	startsShort
	startsRequest
	startsResponse
)

const longestStart = "OPTIONS "

var starts = []struct {
	text string
	kind start
}{
	{"HTTP/1.", startsResponse}, {"GET ", startsRequest}, {"HEAD ", startsRequest}, {"POST ", startsRequest}, {"PUT ", startsRequest},
	{"DELETE ", startsRequest}, {longestStart, startsRequest}, {"PATCH ", startsRequest}, {"TRACE ", startsRequest}, {"CONNECT ", startsRequest},
}

// startOf finds out what p begins with. startsShort means that more is needed to say
// so.
func startOf(p []byte) start {
	kind := startsElse
	for _, s := range starts {
		n := min(len(p), len(s.text))
		if string(p[:n]) != s.text[:n] {
			continue
		}
		if n == len(s.text) {
			return s.kind
		}
		kind = startsShort
	}
	return kind
}
