package trace

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/zerowire/websocket/codec"
)

func TestRecord(t *testing.T) {
	noon := time.Date(2026, 1, 2, 13, 0, 0, 500, time.FixedZone("CET", 3600))
	header := func(op codec.Opcode, n uint64) codec.Header { return codec.Header{Opcode: op, Fin: true, Length: n} }
	compressed := codec.Header{Opcode: codec.OpText, Fin: true, RSV: codec.RSV1, Length: 7}
	tests := []struct {
		name  string
		event Event
		want  string
	}{
		{"a head", Event{Time: noon, Kind: Handshake, From: codec.Client, Head: []byte("GET / HTTP/1.1\r\n\r\n")},
			`{"time":"2026-01-02T12:00:00.0000005Z","from":"client","event":"handshake","offset":0,"head":"GET / HTTP/1.1\r\n\r\n"}`},
		{"text", Event{Kind: Frame, Offset: 7, Message: codec.OpText, HeaderSize: 2, Header: header(codec.OpText, 5), Payload: []byte("Hello")},
			`{"from":"server","event":"frame","offset":7,"opcode":"text","fin":true,"length":5,"message":"text","text":"Hello"}`},
		{"empty text", Event{Kind: Frame, Message: codec.OpText, HeaderSize: 2, Header: header(codec.OpText, 0)},
			`{"from":"server","event":"frame","offset":0,"opcode":"text","fin":true,"length":0,"message":"text","text":""}`},
		{"the beginning of binary", Event{Kind: Frame, Message: codec.OpBinary, HeaderSize: 2, Header: header(codec.OpBinary, 5), Payload: []byte("\x00\xff")},
			`{"from":"server","event":"frame","offset":0,"opcode":"binary","fin":true,"length":5,"message":"binary","hex":"00ff","partial":true}`},
		{"a fragment that ends inside a code point", Event{Kind: Frame, Message: codec.OpText, HeaderSize: 2, Header: codec.Header{Opcode: codec.OpText, Length: 1}, Payload: []byte("\xc3")},
			`{"from":"server","event":"frame","offset":0,"opcode":"text","fin":false,"length":1,"message":"text","hex":"c3"}`},
		{"compressed", Event{Kind: Frame, Message: codec.OpText, HeaderSize: 2, Header: compressed, Payload: []byte("Hello"), Compressed: true, Inflated: 5},
			`{"from":"server","event":"frame","offset":0,"opcode":"text","fin":true,"rsv":[1],"length":7,"message":"text","text":"Hello","compressed":true,"inflated":5}`},
		{"compressed, and not inflated", Event{Kind: Frame, Message: codec.OpText, HeaderSize: 2, Header: compressed, Payload: []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), Compressed: true, Err: errWindowLost},
			`{"from":"server","event":"frame","offset":0,"opcode":"text","fin":true,"rsv":[1],"length":7,"message":"text","hex":"f248cdc9c90700","compressed":true,"error":"not inflated: it refers to a message that was not"}`},
		{"close", Event{Kind: Frame, Message: codec.OpClose, HeaderSize: 2, Header: header(codec.OpClose, 5), Payload: []byte("\x03\xe8bye")},
			`{"from":"server","event":"frame","offset":0,"opcode":"close","fin":true,"length":5,"code":1000,"reason":"bye"}`},
		{"a violation", Event{Kind: Violation, From: codec.Client, HeaderSize: 2, Header: codec.Header{Opcode: 3, Fin: true, RSV: codec.RSV2 | codec.RSV3, Masked: true, Key: key}, Err: codec.ErrReservedOpcode},
			`{"from":"client","event":"violation","offset":0,"opcode":"reserved 3","fin":true,"rsv":[2,3],"key":"37fa213d","length":0,"rule":"reserved opcode","section":"RFC 6455 §5.2"}`},
		{"a cut", Event{Kind: Cut, Err: errors.New("3 bytes are missing")},
			`{"from":"server","event":"cut","offset":0,"error":"3 bytes are missing"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := json.Marshal(NewRecord(tt.event)); string(got) != tt.want {
				t.Errorf("NewRecord\n got %s, %v\nwant %s", got, err, tt.want)
			}
		})
	}
}
