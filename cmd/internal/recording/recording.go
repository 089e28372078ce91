// Package recording writes and reads what has passed over WebSocket connections: the
// recordings of zerowire proxy, and HTTP archives (HAR) with _webSocketMessages, as
// browsers export them.
//
// A recording is a file of JSON objects, one a line. The first one is the preamble,
// each further one an entry: something that an end of a connection sent. Within a
// connection and direction, entries are in the order in which they were sent.
package recording

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// Recording is what was recorded.
type Recording struct {
	Began       time.Time
	To          string        // the server; empty for an archive
	Connections []*Connection // in the order in which they began
}

// Connection is what both ends of a connection have sent.
type Connection struct {
	Number int          // from 1 on
	Began  float64      // seconds since the recording began
	Sent   [2][]Sending // behind the heads, by the end that sent
	Heads  [2][]byte    // the last one that each has sent; nil if none was recorded
	URL    string       // what was asked for, if it comes from an HTTP archive: the heads are made up then

	begun [2]*unfinished // while the recording is read
}

// Sending is something that an end has sent after the opening handshake.
type Sending struct {
	At      float64 // seconds since the recording began
	Bytes   []byte  // as they were on the wire
	Opcode  codec.Opcode
	Starts  bool // Bytes begin a frame
	Ends    bool // Bytes end a frame, or what stands for one
	Illegal bool // Bytes from the first one on that broke a rule
}

// maxLine is how long a line of a recording may be, in bytes.
const maxLine = 1 << 20

// Open reads the recording or HTTP archive in a file.
func Open(name string) (*Recording, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rec, err := Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s%w", name, err)
	}
	return rec, nil
}

// archived is how an HTTP archive begins.
var archived = regexp.MustCompile(`^(\x{FEFF})?\s*\{\s*"log"\s*:`)

// IsArchive reports whether a file that begins with sample is an HTTP archive.
func IsArchive(sample []byte) bool { return archived.Match(sample) }

// IsRecording reports whether a file that begins with sample is a recording.
func IsRecording(sample []byte) bool { return bytes.HasPrefix(sample, []byte(`{"recording":`)) }

// Read reads a recording or HTTP archive. Its errors begin with the place in the file.
func Read(r io.Reader) (*Recording, error) {
	in := bufio.NewReader(r)
	if start, _ := in.Peek(64); IsArchive(start) {
		return readArchive(in)
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	reader := &recordingReader{byNumber: map[int]*Connection{}}
	for n := 1; lines.Scan(); n++ {
		if err := reader.line(n, lines.Bytes()); err != nil {
			return nil, fmt.Errorf(", line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf(": %w", err)
	}
	if len(reader.Connections) == 0 {
		return nil, errEmpty
	}
	return &reader.Recording, nil
}

var errEmpty = errors.New(": no connection was recorded")

// recordingReader makes a recording of lines.
type recordingReader struct {
	Recording
	byNumber map[int]*Connection
}

// unfinished is a frame of which more entries are to come.
type unfinished struct {
	header codec.Header
	pos    int
}

func (r *recordingReader) line(n int, line []byte) error {
	if n == 1 {
		var p preamble
		if err := json.Unmarshal(line, &p); err != nil || p.Recording != 1 {
			return errors.New(`this is no recording of zerowire proxy: it does not begin with {"recording":1,…}`)
		}
		r.Began, r.To = p.Began, p.To
		return nil
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	from := codec.Client
	if e.From == "server" {
		from = codec.Server
	} else if e.From != "client" {
		return fmt.Errorf(`"from" is %q, want "client" or "server"`, e.From)
	}
	c := r.byNumber[e.Connection]
	if c == nil {
		c = &Connection{Number: e.Connection, Began: e.At}
		r.byNumber[e.Connection] = c
		r.Connections = append(r.Connections, c)
	}
	switch {
	case e.Head != "":
		c.Heads[from] = []byte(e.Head)
		return nil
	case e.End != "":
		return nil
	case len(e.Raw) > 0:
		c.Sent[from] = append(c.Sent[from], Sending{At: e.At, Bytes: e.Raw, Starts: true, Ends: true, Illegal: true})
		return nil
	case e.Payload == nil:
		return errors.New(`an entry has one of "head", "payload", "raw" and "end"`)
	}
	s, err := c.frame(from, e)
	if err == nil {
		c.Sent[from] = append(c.Sent[from], s)
	}
	return err
}

// frame returns what an entry says of a frame, as it was on the wire.
func (c *Connection) frame(from codec.Role, e entry) (s Sending, err error) {
	u := c.begun[from]
	s = Sending{At: e.At, Starts: u == nil, Ends: !e.More}
	if u == nil {
		u = new(unfinished)
		if u.header, err = e.header(); err != nil {
			return s, err
		}
		s.Bytes = codec.AppendHeader(nil, u.header)
		c.begun[from] = u
	}
	s.Opcode = u.header.Opcode
	header := len(s.Bytes)
	s.Bytes = append(s.Bytes, *e.Payload...)
	codec.Mask(s.Bytes[header:], u.header.Key, u.pos&3)
	if u.pos += len(*e.Payload); s.Ends {
		c.begun[from] = nil
		if uint64(u.pos) != u.header.Length {
			return s, fmt.Errorf(`the payload is %d bytes long, and "length" says %d`, u.pos, u.header.Length)
		}
	}
	return s, nil
}

// header returns the header of a frame.
func (e *entry) header() (h codec.Header, err error) {
	if e.FrameHeader == nil || e.Opcode == nil || *e.Opcode > 0xF || e.RSV > 7 || e.Length>>63 != 0 {
		return h, errors.New(`a frame has "opcode" (0 to 15), "rsv" (0 to 7) and "length"`)
	}
	h = codec.Header{Opcode: codec.Opcode(*e.Opcode), Fin: e.Fin, RSV: e.RSV, Length: e.Length}
	if e.Key != "" {
		key, err := hex.DecodeString(e.Key)
		if err != nil || len(key) != len(h.Key) {
			return h, fmt.Errorf(`"key" is %q, want 8 hexadecimal digits`, e.Key)
		}
		h.Masked, h.Key = true, [4]byte(key)
	}
	return h, nil
}

// WholeMessages is the limit of a trace.Session that has to show all of every payload.
const WholeMessages = 1<<31 - 1

// Show calls sink with what has passed on a connection of the recording, in the order of
// the time. The heads of an archived connection are made up, and not shown.
func (rec *Recording) Show(c *Connection, sink func(trace.Event)) {
	heads := c.URL == ""
	s := trace.NewSession(heads, WholeMessages, sink)
	if heads {
		s.Write(codec.Client, rec.at(c.Began), c.Heads[codec.Client])
		s.Write(codec.Server, rec.at(c.Began), c.Heads[codec.Server])
	}
	last, left := rec.at(c.Began), c.Sent
	for len(left[codec.Client])+len(left[codec.Server]) > 0 {
		from, client, server := codec.Client, left[codec.Client], left[codec.Server]
		if len(client) == 0 || len(server) > 0 && server[0].At < client[0].At {
			from = codec.Server
		}
		last = rec.at(left[from][0].At)
		s.Write(from, last, left[from][0].Bytes)
		left[from] = left[from][1:]
	}
	s.End(codec.Client, last)
	s.End(codec.Server, last)
}
