package codec

import "iter"

// The default limits of a head: start line, header lines and empty line. [Request] and
// [Response] can set others. The limits of most web servers are smaller, but the cookies and
// tokens of enterprises can exceed those.
const (
	MaxHeadBytes = 64 << 10 // bytes
	MaxHeadLines = 256      // header lines, without the start line
)

// maxOffset limits MaxBytes, because offsets have 31 bits.
const maxOffset = 1<<31 - 1

// Capacities for header lines.
const (
	manyLines = 32   // of the first allocation
	keptLines = 1024 // the largest that Reset keeps
)

// short reports that the bytes end before the head does. It stays inside the package: Parse
// returns ErrShort or ErrHeadTooBig instead.
const short Refusal = 0xFF

// state is the position in the grammar at which the scan waits for more bytes.
type state uint8

const (
	atStart     state = iota // in the first element of the start line
	inTarget                 // of a request line
	inVersion                // of a request line
	inReason                 // of a status line
	wantStartLF              // after the CR of a status line
	atLine                   // at the first byte of a header line or of the empty line
	inName
	beforeValue // after the colon
	inFieldValue
	wantLF      // after the CR of a header line
	wantFinalLF // after the CR of the empty line
	complete
)

// head is the common part of requests and responses: it scans the header lines and gives
// access to them. It holds offsets, so that the caller may move the bytes until the head is
// complete:
//
//	GET /chat HTTP/1.1 ␍␊ Host: a ␍␊ Upgrade:  websocket  ␍␊ ␍␊ frames…
//	                                 name   │  value    │         │
//	                                        colon      end       pos, at last
//
// No offset is above pos, and pos only grows: no byte is scanned twice.
type head struct {
	buf     []byte // the head, once it is complete; nil before
	pos     int    // bytes scanned
	state   state
	refused Refusal // the reason that ended the scan; 0 for none
	folds   bool    // folded header lines are unfolded, not refused
	folded  bool    // some header lines are folded
	most    int     // limit of header lines
	lines   []line  // the first n are complete; pos is in the last one
	n       int     // complete header lines
	first   [fieldEnd]int32
	count   [fieldEnd]int32
}

// line holds the offsets of one header line: name, colon, value and end of the value. The
// value has no white space around it.
type line struct {
	name, colon, value, end uint32
	field                   field
}

func (h *head) reset() {
	h.buf, h.pos, h.state, h.refused, h.folded, h.n = nil, 0, atStart, 0, false, 0
	h.count = [fieldEnd]int32{}
	if h.lines = h.lines[:0]; cap(h.lines) > keptLines {
		h.lines = nil
	}
}

func headLimit(maxBytes int) int {
	if maxBytes <= 0 {
		return MaxHeadBytes
	}
	return min(maxBytes, maxOffset)
}

// setLines sets the limit of header lines.
func (h *head) setLines(most int) {
	if h.most = most; most <= 0 {
		h.most = MaxHeadLines
	}
}

// begin adds a header line that begins at b[at].
func (h *head) begin(at int) *line {
	if h.lines == nil {
		h.lines = make([]line, 0, manyLines)
	}
	h.lines = append(h.lines, line{name: uint32(at)})
	return &h.lines[h.n]
}

// settle converts v, the result of scanning b up to limit, to the results of Parse.
func (h *head) settle(b []byte, limit int, v Refusal) (n int, err error) {
	switch {
	case v == 0:
		h.buf = b[:h.pos:h.pos]
		h.unfold()
		return h.pos, nil
	case v == short && len(b) < limit:
		return 0, ErrShort
	case v == short:
		v = ErrHeadTooBig
	}
	h.refused = v
	return 0, v
}

// wait stores the state in which the next call continues, and returns short.
func (h *head) wait(at int, in state) Refusal {
	h.pos, h.state = at, in
	return short
}

// next scans b to the end of one header line and returns the field of that line, or fieldEnd
// for the empty line that ends the head. Each case is a state in which an earlier call can
// have reached the end of b.
func (h *head) next(b []byte) (field, Refusal) {
	i := h.pos
	var l *line
	if h.state > atLine && h.n < len(h.lines) {
		l = &h.lines[h.n]
	}
	switch h.state {
	default: // atLine
		if i == len(b) {
			return 0, h.wait(i, atLine)
		}
		switch b[i] {
		case '\r':
			return h.finish(b, i+1)
		case ' ', '\t':
			if !h.folds || h.n == 0 {
				return 0, ErrHeaderFold
			}
			h.resume(i)
			return h.next(b)
		}
		if h.n == h.most {
			return 0, ErrTooManyLines
		}
		l = h.begin(i)
		fallthrough
	case inName:
		i = skipToken(b, i)
		if i == len(b) {
			return 0, h.wait(i, inName)
		}
		if b[i] != ':' || i == int(l.name) {
			return 0, refuseName(b[i])
		}
		l.colon = uint32(i)
		i++
		fallthrough
	case beforeValue:
		for i < len(b) && isSpace(b[i]) {
			i++
		}
		if i == len(b) {
			return 0, h.wait(i, beforeValue)
		}
		l.value = uint32(i)
		fallthrough
	case inFieldValue:
		i = skipValue(b, i)
		if i == len(b) {
			return 0, h.wait(i, inFieldValue)
		}
		if b[i] != '\r' {
			return 0, refuseValue(b[i])
		}
		end := i
		for end > int(l.value) && isSpace(b[end-1]) {
			end--
		}
		l.end = uint32(end)
		i++
		fallthrough
	case wantLF:
		if i == len(b) {
			return 0, h.wait(i, wantLF)
		}
		if b[i] != '\n' {
			return 0, ErrLineEnd
		}
		h.pos, h.state = i+1, atLine
		l.field = fieldOf(b[l.name:l.colon])
		h.file(l.field)
		return l.field, 0
	case wantFinalLF:
		return h.finish(b, i)
	case complete:
		return fieldEnd, 0
	}
}

// finish expects the LF of the empty line at b[i].
func (h *head) finish(b []byte, i int) (field, Refusal) {
	if i == len(b) {
		return 0, h.wait(i, wantFinalLF)
	}
	if b[i] != '\n' {
		return 0, ErrLineEnd
	}
	h.pos, h.state = i+1, complete
	return fieldEnd, 0
}

// resume adds a line that begins with white space, at offset at, to the line before it.
func (h *head) resume(at int) {
	h.n--
	l := &h.lines[h.n]
	h.count[l.field]--
	h.pos, h.state, h.folded = at, inFieldValue, true
	if l.value == l.end {
		h.state = beforeValue
	}
}

// unfold writes spaces over the line ends in folded values: "replace each received
// obs-fold with one or more SP octets" (RFC 9112 §5.2).
func (h *head) unfold() {
	if !h.folded {
		return
	}
	for i := range h.lines[:h.n] {
		l := &h.lines[i]
		v := h.buf[l.value:l.end]
		for k, c := range v {
			if c == '\r' || c == '\n' {
				v[k] = ' '
			}
		}
		l.end = l.value + uint32(len(trim(v))) // its start is trimmed already
	}
}

// file counts the line that ended last, which has field f.
func (h *head) file(f field) {
	if h.count[f] == 0 {
		h.first[f] = int32(h.n)
	}
	h.count[f]++
	h.n++
}

// refuseName returns the reason for refusing c in a header name or in place of its colon.
func refuseName(c byte) Refusal {
	switch c {
	case ' ', '\t':
		return ErrHeaderSpace
	case '\r':
		return ErrHeaderLine
	case '\n':
		return ErrLineEnd
	}
	return ErrHeaderName
}

// refuseValue returns the reason for refusing c in a header value.
func refuseValue(c byte) Refusal {
	if c == '\n' {
		return ErrLineEnd
	}
	return ErrHeaderValue
}

// span returns bytes of the head, or nil before it is complete.
func (h *head) span(from, to uint32) []byte {
	if h.buf == nil {
		return nil
	}
	return h.buf[from:to:to]
}

// value returns the first value of f, or nil if there is none.
func (h *head) value(f field) []byte {
	if h.count[f] == 0 {
		return nil
	}
	l := &h.lines[h.first[f]]
	return h.span(l.value, l.end)
}

// all yields the values of f.
func (h *head) all(f field, yield func([]byte) bool) {
	if h.buf == nil || h.count[f] == 0 {
		return
	}
	for i := int(h.first[f]); i < h.n; i++ {
		if l := &h.lines[i]; l.field == f && !yield(h.span(l.value, l.end)) {
			return
		}
	}
}

// lists reports whether a value of f, a comma-separated list, contains token, which consists
// of lower-case letters.
func (h *head) lists(f field, token string) bool {
	if v := h.value(f); foldsTo(v, token) {
		return true // the common case: the list has one element
	}
	for v := range func(yield func([]byte) bool) { h.all(f, yield) } {
		if HasToken(v, token) {
			return true
		}
	}
	return false
}

// Fields iterates over the header lines in their order. Names keep the case in which they were
// sent; values have no white space around them. Both are slices of the argument of the last
// Parse, and must not be modified.
func (h *head) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { h.fields(yield) }
}

func (h *head) fields(yield func(name, value []byte) bool) {
	if h.buf == nil {
		return
	}
	for i := range h.n {
		l := &h.lines[i]
		if !yield(h.span(l.name, l.colon), h.span(l.value, l.end)) {
			return
		}
	}
}

// Extensions iterates over the values of all Sec-WebSocket-Extensions headers, in their
// order. It does not check them: see package deflate.
func (h *head) Extensions() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { h.all(fieldExtensions, yield) }
}

// Values iterates over the values of all header lines with the given name, ignoring case, in
// their order.
func (h *head) Values(name string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { h.named(name, yield) }
}

func (h *head) named(name string, yield func([]byte) bool) {
	for k, v := range h.Fields() {
		if equalFold(k, name) && !yield(v) {
			return
		}
	}
}

// Header returns the value of the first header line with the given name, ignoring case. It
// returns nil if there is none. An empty value is not nil.
func (h *head) Header(name string) []byte {
	for v := range h.Values(name) {
		return v
	}
	return nil
}
