package relay

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/zerowire/websocket/codec"
)

// recording is one that was read from a file.
type recording struct {
	connections []*recorded // in the order in which they began
}

// recorded is what both ends of a connection have sent.
type recorded struct {
	number int
	began  float64      // seconds since the recording began
	sent   [2][]sending // by the end that sent
	heads  [2][]byte    // the last one that each has sent
}

// sending is something that an end has sent after the opening handshake.
type sending struct {
	at      float64 // seconds since the recording began
	bytes   []byte  // as they were on the wire
	opcode  codec.Opcode
	starts  bool // bytes begin a frame
	ends    bool // bytes end a frame, or what stands for one
	illegal bool // bytes from the first one on that broke a rule
}

// maxLine is how long a line of a recording may be, in bytes.
const maxLine = 1 << 20

// readRecording reads the recording in a file.
func readRecording(name string) (*recording, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	reader := &recordingReader{byNumber: map[int]*recorded{}}
	for n := 1; lines.Scan(); n++ {
		if err := reader.line(n, lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(reader.connections) == 0 {
		return nil, fmt.Errorf("%s: no connection was recorded", name)
	}
	return &reader.recording, nil
}

// recordingReader makes a recording of lines.
type recordingReader struct {
	recording
	byNumber map[int]*recorded
	parts    map[part]*unfinished
}

// part is one direction of a connection.
type part struct {
	connection int
	from       codec.Role
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
		r.parts = map[part]*unfinished{}
		return nil
	}
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	from := codec.Client
	switch e.From {
	case "client":
	case "server":
		from = codec.Server
	default:
		return fmt.Errorf(`"from" is %q, want "client" or "server"`, e.From)
	}
	c := r.byNumber[e.Connection]
	if c == nil {
		c = &recorded{number: e.Connection, began: e.At}
		r.byNumber[e.Connection] = c
		r.connections = append(r.connections, c)
	}
	switch {
	case e.Head != "":
		c.heads[from] = []byte(e.Head)
		return nil
	case e.End != "":
		return nil
	case e.Raw != "":
		raw, err := base64.StdEncoding.DecodeString(e.Raw)
		if err != nil {
			return fmt.Errorf(`"raw": %w`, err)
		}
		c.sent[from] = append(c.sent[from], sending{at: e.At, bytes: raw, starts: true, ends: true, illegal: true})
		return nil
	case e.Payload == nil:
		return errors.New(`an entry has one of "head", "payload", "raw" and "end"`)
	}
	s, err := r.frame(part{e.Connection, from}, e)
	if err == nil {
		c.sent[from] = append(c.sent[from], s)
	}
	return err
}

// frame returns what an entry says of a frame, as it was on the wire.
func (r *recordingReader) frame(p part, e entry) (s sending, err error) {
	payload, err := base64.StdEncoding.DecodeString(*e.Payload)
	if err != nil {
		return s, fmt.Errorf(`"payload": %w`, err)
	}
	u := r.parts[p]
	s = sending{at: e.At, starts: u == nil, ends: !e.More}
	if u == nil {
		u = new(unfinished)
		if u.header, err = e.header(); err != nil {
			return s, err
		}
		s.bytes = codec.AppendHeader(nil, u.header)
		r.parts[p] = u
	}
	s.opcode = u.header.Opcode
	from := len(s.bytes)
	s.bytes = append(s.bytes, payload...)
	codec.Mask(s.bytes[from:], u.header.Key, u.pos&3)
	if u.pos += len(payload); s.ends {
		delete(r.parts, p)
		if uint64(u.pos) != u.header.Length {
			return s, fmt.Errorf(`the payload is %d bytes long, and "length" says %d`, u.pos, u.header.Length)
		}
	}
	return s, nil
}

// header returns the header of a frame.
func (e *entry) header() (h codec.Header, err error) {
	if e.Opcode == nil || *e.Opcode > 0xF || e.RSV > 7 || e.Length>>63 != 0 {
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

// choose keeps the connection with a number alone.
func (r *recording) choose(number int) error {
	i := slices.IndexFunc(r.connections, func(c *recorded) bool { return c.number == number })
	if i < 0 {
		return fmt.Errorf("connection %d is not in the recording", number)
	}
	r.connections = r.connections[i : i+1]
	return nil
}
