package recording

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// preamble is the first line of a recording.
type preamble struct {
	Recording int       `json:"recording"` // version of the format: 1
	Began     time.Time `json:"began"`
	To        string    `json:"to"` // the server
}

// entry is a further line of a recording.
type entry struct {
	Connection int     `json:"connection"` // from 1
	At         float64 `json:"at"`         // seconds since the recording began
	From       string  `json:"from"`       // "client" or "server"

	// The head of the opening handshake, its empty line included.
	Head string `json:"head"`

	// A frame. One whose payload is longer than 64 KiB takes several entries: all but
	// the last have More, and all but the first have nothing but Payload and More.
	Opcode  *uint8  `json:"opcode"`
	Fin     bool    `json:"fin"`
	RSV     uint8   `json:"rsv"` // RSV1 is 4, RSV2 is 2, RSV3 is 1
	Key     string  `json:"key"` // the masking key in hexadecimal, if masked
	Length  uint64  `json:"length"`
	Payload *string `json:"payload"` // base64, unmasked, not inflated
	More    bool    `json:"more"`

	// Bytes from the first one on that broke a rule: they are not cut into frames.
	Raw string `json:"raw"` // base64

	// How the stream ended: "eof", or an error.
	End string `json:"end"`
}

// Recorder writes a recording. It is safe for concurrent use.
type Recorder struct {
	began time.Time

	mu   sync.Mutex
	file *os.File
	out  *bufio.Writer
	line []byte
	err  error // the first error of writing; nothing is written after it
}

// archiveSuffix ends the name of a file that is to become an HTTP archive, and
// partSuffix the name of the recording until then.
const (
	archiveSuffix = ".har"
	partSuffix    = ".part"
)

// Create creates the file name for a recording of what passes on to a server. If the
// name ends in ".har", Close makes an HTTP archive of it.
func Create(name, to string) (*Recorder, error) {
	if strings.HasSuffix(name, archiveSuffix) {
		name += partSuffix
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	r := &Recorder{began: time.Now(), file: file, out: bufio.NewWriter(file)}
	line, err := json.Marshal(preamble{Recording: 1, Began: r.began.UTC(), To: to})
	if err != nil {
		return nil, err
	}
	r.out.Write(append(line, '\n'))
	return r, r.out.Flush()
}

// Close ends the recording, and returns the first error of writing it.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(r.out.Flush())
	r.keep(r.file.Close())
	if part := r.file.Name(); r.err == nil && strings.HasSuffix(part, archiveSuffix+partSuffix) {
		r.keep(makeArchive(part))
	}
	if r.err != nil {
		return fmt.Errorf("the recording is not complete: %w", r.err)
	}
	return nil
}

// makeArchive replaces the recording in a file by an archive.
func makeArchive(part string) error {
	rec, err := Open(part)
	if err != nil && !errors.Is(err, errEmpty) {
		return err
	}
	file, err := os.Create(strings.TrimSuffix(part, partSuffix))
	if err != nil {
		return err
	}
	if err := cmp.Or(writeArchive(file, cmp.Or(rec, new(Recording))), file.Close()); err != nil {
		return err
	}
	return os.Remove(part)
}

func (r *Recorder) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Track records what one end of a connection sends. A nil Track records nothing. It
// must not be used concurrently.
type Track struct {
	recorder   *Recorder
	connection int
	from       codec.Role
	payload    []byte // of the frame begun, not written yet
	further    bool   // a part of that frame was written
}

// maxEntry is how much payload an entry has, in bytes.
const maxEntry = 64 << 10

// Track returns what records an end of the connection with a number, from 1 on.
func (r *Recorder) Track(connection int, from codec.Role) *Track {
	return &Track{recorder: r, connection: connection, from: from}
}

// Head records the head of the opening handshake.
func (t *Track) Head(now time.Time, head []byte) {
	if t == nil {
		return
	}
	quoted, err := json.Marshal(string(head))
	t.write(now, func(line []byte) []byte {
		t.recorder.keep(err)
		return append(append(line, `,"head":`...), quoted...)
	})
}

// Piece records a piece of a frame, once the frame is complete or enough has come.
func (t *Track) Piece(now time.Time, p trace.Piece) {
	if t == nil {
		return
	}
	for raw, pos := p.Payload, int(p.Pos&3); ; {
		from := len(t.payload)
		n := min(len(raw), maxEntry-from)
		t.payload = append(t.payload, raw[:n]...)
		pos = codec.Mask(t.payload[from:], p.Header.Key, pos)
		raw = raw[n:]
		end := p.End && len(raw) == 0
		if !end && len(t.payload) < maxEntry {
			return
		}
		t.frame(now, p.Header, end)
		if len(raw) == 0 {
			return
		}
	}
}

// frame records what has come of a frame.
func (t *Track) frame(now time.Time, h codec.Header, end bool) {
	t.write(now, func(line []byte) []byte {
		if !t.further {
			line = strconv.AppendUint(append(line, `,"opcode":`...), uint64(h.Opcode), 10)
			line = strconv.AppendBool(append(line, `,"fin":`...), h.Fin)
			line = strconv.AppendUint(append(line, `,"rsv":`...), uint64(h.RSV), 10)
			if h.Masked {
				line = append(hex.AppendEncode(append(line, `,"key":"`...), h.Key[:]), '"')
			}
			line = strconv.AppendUint(append(line, `,"length":`...), h.Length, 10)
		}
		line = append(base64.StdEncoding.AppendEncode(append(line, `,"payload":"`...), t.payload), '"')
		if !end {
			line = append(line, `,"more":true`...)
		}
		return line
	})
	t.payload, t.further = t.payload[:0], !end
}

// Raw records bytes that are not cut into frames.
func (t *Track) Raw(now time.Time, p []byte) {
	if t == nil || len(p) == 0 {
		return
	}
	t.write(now, func(line []byte) []byte {
		return append(base64.StdEncoding.AppendEncode(append(line, `,"raw":"`...), p), '"')
	})
}

// End records that the stream has ended with err.
func (t *Track) End(now time.Time, err error) {
	if t == nil {
		return
	}
	how := "eof"
	if err != io.EOF {
		how = err.Error()
	}
	quoted, err := json.Marshal(how)
	t.write(now, func(line []byte) []byte {
		t.recorder.keep(err)
		return append(append(line, `,"end":`...), quoted...)
	})
}

// write writes an entry, to which what adds its own fields.
func (t *Track) write(now time.Time, what func([]byte) []byte) {
	r := t.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	line := strconv.AppendInt(append(r.line[:0], `{"connection":`...), int64(t.connection), 10)
	line = strconv.AppendFloat(append(line, `,"at":`...), now.Sub(r.began).Seconds(), 'f', 6, 64)
	line = append(append(append(line, `,"from":"`...), t.from.String()...), '"')
	line = append(what(line), "}\n"...)
	r.line = line
	if r.err == nil {
		_, err := r.out.Write(line)
		r.keep(err)
		r.keep(r.out.Flush())
	}
}
