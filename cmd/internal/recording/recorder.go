package recording

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
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
	Head string `json:"head,omitempty"`

	// A frame. One that comes in pieces takes several entries: all but the last have More,
	// and all but the first have nothing but Payload and More.
	*FrameHeader
	Payload *[]byte `json:"payload,omitempty"` // unmasked, not inflated
	More    bool    `json:"more,omitempty"`

	// Bytes from the first one on that broke a rule: they are not cut into frames.
	Raw []byte `json:"raw,omitempty"`

	// How the stream ended: "eof", or an error.
	End string `json:"end,omitempty"`
}

// FrameHeader is what the first entry of a frame says of it.
type FrameHeader struct {
	Opcode *uint8 `json:"opcode"`
	Fin    bool   `json:"fin"`
	RSV    uint8  `json:"rsv"`           // RSV1 is 4, RSV2 is 2, RSV3 is 1
	Key    string `json:"key,omitempty"` // the masking key in hexadecimal, if masked
	Length uint64 `json:"length"`
}

// Recorder writes a recording. It is safe for concurrent use.
type Recorder struct {
	began time.Time

	mu    sync.Mutex
	file  *os.File
	lines *json.Encoder // to the file
	err   error         // the first error of writing; nothing is written after it
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
	r := &Recorder{began: time.Now(), file: file, lines: json.NewEncoder(file)}
	return r, r.lines.Encode(preamble{Recording: 1, Began: r.began.UTC(), To: to})
}

// Close ends the recording, and returns the first error of writing it.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = cmp.Or(r.err, r.file.Close())
	if part := r.file.Name(); r.err == nil && strings.HasSuffix(part, archiveSuffix+partSuffix) {
		r.err = makeArchive(part)
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

// Track records what one end of a connection sends. A nil Track records nothing. It
// must not be used concurrently.
type Track struct {
	recorder   *Recorder
	connection int
	from       codec.Role
}

// Track returns what records an end of the connection with a number, from 1 on.
func (r *Recorder) Track(connection int, from codec.Role) *Track {
	return &Track{recorder: r, connection: connection, from: from}
}

// Head records the head of the opening handshake.
func (t *Track) Head(now time.Time, head []byte) { t.write(now, entry{Head: string(head)}) }

// Piece records a piece of a frame.
func (t *Track) Piece(now time.Time, p trace.Piece) {
	if t == nil {
		return
	}
	payload := append([]byte{}, p.Payload...) // not nil, which JSON tells from empty
	codec.Mask(payload, p.Header.Key, int(p.Pos&3))
	e := entry{Payload: &payload, More: !p.End}
	if h := p.Header; p.Pos == 0 {
		opcode := uint8(h.Opcode)
		e.FrameHeader = &FrameHeader{Opcode: &opcode, Fin: h.Fin, RSV: h.RSV, Length: h.Length}
		if h.Masked {
			e.Key = hex.EncodeToString(h.Key[:])
		}
	}
	t.write(now, e)
}

// Raw records bytes that are not cut into frames.
func (t *Track) Raw(now time.Time, p []byte) {
	if len(p) > 0 {
		t.write(now, entry{Raw: p})
	}
}

// End records that the stream has ended with err.
func (t *Track) End(now time.Time, err error) {
	how := "eof"
	if err != io.EOF {
		how = err.Error()
	}
	t.write(now, entry{End: how})
}

// write writes an entry.
func (t *Track) write(now time.Time, e entry) {
	if t == nil {
		return
	}
	r := t.recorder
	e.Connection, e.At, e.From = t.connection, math.Round(now.Sub(r.began).Seconds()*1e6)/1e6, t.from.String()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.lines.Encode(e)
	}
}
