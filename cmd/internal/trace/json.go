package trace

import (
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// Record is an Event as a JSON object. What an Event does not have is left out.
type Record struct {
	Time       string `json:"time,omitempty"` // RFC 3339, UTC
	Connection int    `json:"connection,omitempty"`
	Client     string `json:"client,omitempty"` // address
	Server     string `json:"server,omitempty"`
	Tunnel     string `json:"tunnel,omitempty"` // what is around these addresses
	From       string `json:"from"`             // "client" or "server"
	Event      string `json:"event"`            // "handshake", "frame", "violation" or "cut"
	Offset     int64  `json:"offset"`           // bytes, in the direction's stream

	Head string `json:"head,omitempty"` // of a handshake

	Opcode  string  `json:"opcode,omitempty"`
	Fin     *bool   `json:"fin,omitempty"`
	RSV     []int   `json:"rsv,omitempty"` // the reserved bits that are set: 1, 2, 3
	Key     string  `json:"key,omitempty"` // the masking key in hexadecimal, if masked
	Length  *uint64 `json:"length,omitempty"`
	Message string  `json:"message,omitempty"` // "text" or "binary": what a data frame belongs to

	Text       *string `json:"text,omitempty"` // the payload, if it is text
	Hex        string  `json:"hex,omitempty"`  // the payload, if it is not
	Compressed bool    `json:"compressed,omitempty"`
	Inflated   int     `json:"inflated,omitempty"` // bytes of the compressed message that ends here
	Partial    bool    `json:"partial,omitempty"`  // text or hex is only the beginning

	Code   codec.StatusCode `json:"code,omitempty"` // of a Close frame
	Reason string           `json:"reason,omitempty"`

	Rule    string `json:"rule,omitempty"` // that a violation broke
	Section string `json:"section,omitempty"`
	Error   string `json:"error,omitempty"` // what is missing in a cut, or why a message was not inflated
}

// NewRecord returns e as a JSON object. It retains nothing of e.
func NewRecord(e Event) Record {
	r := Record{From: e.From.String(), Event: e.Kind.String(), Offset: e.Offset, Head: string(e.Head)}
	if !e.Time.IsZero() {
		r.Time = e.Time.UTC().Format(time.RFC3339Nano)
	}
	if e.HeaderSize > 0 {
		r.header(e)
	}
	if e.Kind == Frame || e.Kind == Violation && len(e.Payload) > 0 {
		r.payload(e)
	}
	switch {
	case e.Err == nil:
	case e.Kind == Violation:
		r.Rule, r.Section = Rule(e.Err)
	default:
		r.Error = e.Err.Error()
	}
	return r
}

func (r *Record) header(e Event) {
	h := e.Header
	r.Opcode, r.Fin, r.RSV, r.Length = OpcodeName(h.Opcode), &h.Fin, reservedBits(h), &h.Length
	if h.Masked {
		r.Key = hex.EncodeToString(h.Key[:])
	}
	if !h.Opcode.IsControl() && !h.Opcode.IsReserved() {
		r.Message = e.Message.String()
	}
}

func (r *Record) payload(e Event) {
	if e.Message == codec.OpClose {
		if code, reason, err := codec.ParseClose(e.Payload); err == nil {
			r.Code, r.Reason = code, string(reason)
			return
		}
	}
	r.Compressed, r.Inflated = e.Compressed, e.Inflated
	length := e.Header.Length
	wire := e.onWire()
	if e.Compressed && !wire {
		length = uint64(e.Inflated)
	}
	r.Partial = uint64(len(e.Payload)) < length
	if e.Message == codec.OpText && !wire && utf8.Valid(e.Payload) {
		text := string(e.Payload)
		r.Text = &text
		return
	}
	r.Hex = hex.EncodeToString(e.Payload)
}
