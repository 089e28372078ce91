package recording

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/har"

	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// archive is an HTTP archive as far as it is about WebSocket.
type archive struct {
	Log struct {
		Version string          `json:"version"`
		Creator *har.Creator    `json:"creator,omitempty"`
		Entries []*archiveEntry `json:"entries"`
	} `json:"log"`
}

// archiveEntry is an exchange, with the messages that browsers note beside it.
type archiveEntry struct {
	har.Entry
	ResourceType string           `json:"_resourceType,omitempty"`
	Messages     []archiveMessage `json:"_webSocketMessages,omitempty"`
}

// archiveMessage is a message, or a Close frame.
type archiveMessage struct {
	Type   string  `json:"type"` // "send" or "receive"
	Time   float64 `json:"time"` // seconds since 1970
	Opcode int     `json:"opcode"`
	Data   string  `json:"data"` // the text, or base64
}

// readArchive makes a recording of an archive. What an archive does not say is made
// up: masking keys, and what an opening handshake needs.
func readArchive(r io.Reader) (*Recording, error) {
	var a archive
	if err := json.NewDecoder(r).Decode(&a); err != nil {
		return nil, fmt.Errorf(": HTTP archive: %w", err)
	}
	began := math.Inf(1)
	var list []*archiveEntry
	for _, e := range a.Log.Entries {
		if e.Request == nil || len(e.Messages) == 0 && !strings.HasPrefix(e.Request.URL, "ws") {
			continue
		}
		list = append(list, e)
		began = min(began, e.began())
	}
	if len(list) == 0 {
		return nil, fmt.Errorf(": the HTTP archive has no WebSocket messages, of %d requests", len(a.Log.Entries))
	}
	rec := &Recording{Began: time.UnixMicro(int64(began * 1e6))}
	for i, e := range list {
		c, err := e.connection(began)
		if err != nil {
			return nil, fmt.Errorf(": HTTP archive: WebSocket %d: %w", i+1, err)
		}
		c.Number = i + 1
		rec.Connections = append(rec.Connections, c)
	}
	return rec, nil
}

// began returns when an exchange began, in seconds since 1970.
func (e *archiveEntry) began() float64 {
	if at, err := time.Parse(time.RFC3339, e.StartedDateTime); err == nil {
		return float64(at.UnixMicro()) / 1e6
	}
	if len(e.Messages) > 0 {
		return e.Messages[0].Time
	}
	return 0
}

// connection returns what was sent on a connection of a recording that began at a time.
func (e *archiveEntry) connection(began float64) (*Connection, error) {
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return nil, err
	}
	c := &Connection{Began: e.began() - began, URL: e.Request.URL}
	c.Heads[codec.Client] = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
		u.RequestURI(), u.Host, headerLines(e.Request.Headers))
	var answered []*har.NameValuePair
	if e.Response != nil {
		answered = e.Response.Headers
	}
	c.Heads[codec.Server] = fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n",
		headerLines(answered))
	for _, m := range e.Messages {
		if m.Opcode < 0 {
			continue // an error of the browser's
		}
		h := codec.Header{Opcode: codec.Opcode(m.Opcode), Fin: true}
		from := codec.Server
		if m.Type == "send" {
			from, h.Masked = codec.Client, true
			rand.Read(h.Key[:])
		}
		data := []byte(m.Data)
		if h.Opcode != codec.OpText {
			if data, err = base64.StdEncoding.DecodeString(m.Data); err != nil {
				return nil, fmt.Errorf("a message of opcode %d: %w", m.Opcode, err)
			}
		}
		c.Sent[from] = append(c.Sent[from], Sending{At: m.Time - began, Bytes: codec.AppendFrame(nil, h, data), Opcode: h.Opcode, Starts: true, Ends: true})
	}
	return c, nil
}

// replacedHeaders are those that a head gets in another way. Messages are archived as
// they were before compression.
var replacedHeaders = []string{"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-accept", "sec-websocket-version", "sec-websocket-extensions", "content-length", "transfer-encoding"}

// headerLines returns the lines of all other headers.
func headerLines(list []*har.NameValuePair) (lines string) {
	for _, h := range list {
		if strings.HasPrefix(h.Name, ":") || slices.Contains(replacedHeaders, strings.ToLower(h.Name)) {
			continue
		}
		lines += h.Name + ": " + h.Value + "\r\n"
	}
	return lines
}

// writeArchive writes a recording as an HTTP archive.
func writeArchive(w io.Writer, rec *Recording) error {
	var a archive
	a.Log.Version, a.Log.Creator, a.Log.Entries = "1.2", &har.Creator{Name: "zerowire", Version: "1"}, []*archiveEntry{}
	for _, c := range rec.Connections {
		a.Log.Entries = append(a.Log.Entries, rec.entry(c))
	}
	out := json.NewEncoder(w)
	out.SetIndent("", " ")
	return out.Encode(a)
}

// entry returns a connection as it is archived.
func (rec *Recording) entry(c *Connection) *archiveEntry {
	var request codec.Request
	var response codec.Response
	request.Parse(c.Heads[codec.Client]) // what is malformed has no parts
	response.Parse(c.Heads[codec.Server])
	pairs := []*har.NameValuePair{}
	if target, err := url.ParseRequestURI(string(request.Target())); err == nil {
		for name, values := range target.Query() {
			pairs = append(pairs, &har.NameValuePair{Name: name, Value: values[0]})
		}
	}
	e := &archiveEntry{ResourceType: "websocket", Messages: rec.messages(c)}
	e.StartedDateTime = rec.at(c.Began).Format(time.RFC3339Nano)
	e.Connection = fmt.Sprint(c.Number)
	e.Cache, e.Timings = &har.Cache{}, &har.Timings{}
	e.Request = &har.Request{
		Method: "GET", URL: rec.To + string(request.Target()), HTTPVersion: "HTTP/1.1",
		Cookies: []*har.Cookie{}, Headers: headerPairs(request.Fields()), QueryString: pairs,
		HeadersSize: int64(len(c.Heads[codec.Client])),
	}
	e.Response = &har.Response{
		Status: int64(response.Status()), StatusText: string(response.Reason()), HTTPVersion: "HTTP/1.1",
		Cookies: []*har.Cookie{}, Headers: headerPairs(response.Fields()), Content: &har.Content{},
		HeadersSize: int64(len(c.Heads[codec.Server])),
	}
	return e
}

// headerPairs returns the header lines of a head.
func headerPairs(fields iter.Seq2[[]byte, []byte]) []*har.NameValuePair {
	pairs := []*har.NameValuePair{}
	for name, value := range fields {
		pairs = append(pairs, &har.NameValuePair{Name: string(name), Value: string(value)})
	}
	return pairs
}

// at returns the time that is some seconds behind the beginning.
func (rec *Recording) at(seconds float64) time.Time {
	return rec.Began.Add(time.Duration(math.Round(seconds*1e6)) * time.Microsecond)
}

// messages returns the messages and Close frames of a connection, inflated.
func (rec *Recording) messages(c *Connection) (all []archiveMessage) {
	var whole trace.Messages
	rec.Show(c, func(e trace.Event) {
		data, ok := whole.Add(e)
		if !ok {
			return
		}
		m := archiveMessage{Type: "receive", Time: float64(e.Time.UnixMicro()) / 1e6, Opcode: int(e.Message), Data: string(data)}
		if e.From == codec.Client {
			m.Type = "send"
		}
		if e.Message != codec.OpText {
			m.Data = base64.StdEncoding.EncodeToString(data)
		}
		all = append(all, m)
	})
	return all
}
