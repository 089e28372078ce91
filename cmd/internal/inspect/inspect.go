// Package inspect is `zerowire inspect`: it shows what is in recorded WebSocket
// streams, and points at the first rule that they break.
package inspect

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/muesli/cancelreader"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// Command is `zerowire inspect`.
type Command struct {
	File    string `arg:"" help:"File to read, - for standard input."`
	Format  string `enum:"auto,raw,hex,pcap,recording,har" default:"auto" help:"What the file holds: raw bytes, a hex dump (of xxd, hexdump -C, od, or plain digits), a capture (pcap or pcapng), a recording of zerowire proxy, or an HTTP archive; auto finds out, and unpacks gzip and zstd."`
	Role    string `enum:"auto,client,server" default:"auto" help:"Who sent the bytes, where no capture says so: client or server; auto asks the handshake, or else the first frame's mask bit."`
	Deflate bool   `help:"Without a handshake: permessage-deflate was agreed on."`
	Strict  bool   `help:"End a direction at its first violation."`
	KeyLog  string `name:"keylog" placeholder:"FILE" help:"Decrypt the TLS of a capture (1.3, and 1.2 with AES-GCM or ChaCha20) with the secrets in this file, which SSLKEYLOGFILE named while the client ran."`
	JSON    bool   `name:"json" help:"Print one JSON object per line."`
	Width   int    `default:"60" placeholder:"N" help:"Characters of payload to show (${default})."`
}

// Help is what `zerowire inspect --help` says further.
func (*Command) Help() string {
	return `Prints the opening handshake, if the stream begins with one, and then a line for each frame: its offset in its direction's stream, the direction (→ from the client, ← from the server), opcode, flags, masking key, length, and the beginning of the payload, unmasked and inflated. A violation is marked, with the rule and where the RFC has it, and the next frame is read unless the length cannot be trusted; the exit code is then 1. The connections of a capture are numbered, and told apart inside of tunnels (VXLAN, Geneve, GRE, IP in IP); a WebSocket is found behind other HTTP/1.1 on its connection. Where packets are missing in it, what follows in that direction is not guessed at.

Examples:

  zerowire inspect stream.bin
  echo '81 85 37 fa 21 3d 7f 9f 4d 51 58' | zerowire inspect -
  tcpdump -i lo -w chat.pcap port 8000
  zerowire inspect chat.pcap.gz
  zerowire inspect --keylog keys.log secure.pcap
  zerowire inspect browser.har
  zerowire inspect --json chat.pcap | jq 'select(.event == "violation")'`
}

// Run prints what the file holds.
func (c *Command) Run(ctx context.Context) error {
	file := os.Stdin
	if c.File != "-" {
		var err error
		if file, err = os.Open(c.File); err != nil {
			return err
		}
		defer file.Close()
	}
	in, interrupt := io.Reader(file), func() { file.Close() }
	if pipe, err := cancelreader.NewReader(file); err == nil { // it is no regular file: a read may take any time
		in, interrupt = pipe, func() { pipe.Cancel() }
	}
	defer context.AfterFunc(ctx, interrupt)()
	out := bufio.NewWriter(os.Stdout)
	rep := newReport(out, c.JSON, c.Width, trace.Colors(os.Stdout))
	err := c.inspect(in, rep)
	if ctx.Err() != nil {
		err = fmt.Errorf("ended before the input did: %w", ctx.Err())
	}
	return cmp.Or(err, out.Flush(), rep.verdict())
}

// inspect reports what r holds.
func (c *Command) inspect(r io.Reader, rep *report) error {
	in := bufio.NewReaderSize(r, sampleSize)
	format := c.Format
	if format == "auto" {
		if _, err := in.Peek(1); err == io.EOF {
			return errors.New("there is nothing to inspect: the input is empty")
		}
		in.Peek(len(ngMagic)) // and what comes with it; an error comes again
		sample, _ := in.Peek(in.Buffered())
		var err error
		if format, err = detect(sample); err != nil {
			return err
		}
	}
	switch format {
	case "gzip":
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		return c.inspect(unpacked, rep)
	case "zstd":
		unpacked, err := zstd.NewReader(in)
		if err != nil {
			return err
		}
		defer unpacked.Close()
		return c.inspect(unpacked, rep)
	case "recording", "har":
		return readRecording(in, rep)
	case "pcap":
		var keys keyLog
		if c.KeyLog != "" {
			var err error
			if keys, err = readKeyLog(c.KeyLog); err != nil {
				return err
			}
		}
		return readCapture(in, rep, c.Strict, keys)
	case "hex":
		return c.readStream(newHexReader(in), rep)
	}
	return c.readStream(in, rep)
}

// readStream reports one direction of a connection, of which r has the bytes.
func (c *Command) readStream(r io.Reader, rep *report) error {
	in := bufio.NewReaderSize(r, sampleSize)
	start, err := in.Peek(len("HTTP"))
	if err != nil && err != io.EOF {
		return err
	}
	from, handshake := c.whose(start)
	s := trace.NewSession(handshake, 0, rep.event)
	s.MissServer()
	if c.Strict {
		s.Strict()
	}
	if c.Deflate {
		s.Deflate(trace.DeflateParams{})
	} else if !handshake {
		rep.deflateHint = true
	}
	var now time.Time // nothing says when the bytes came
	for p := make([]byte, sampleSize); ; {
		n, err := in.Read(p)
		s.Write(from, now, p[:n])
		if err == nil {
			err = rep.out.Flush()
		}
		if err != nil {
			s.End(from, now)
			if err == io.EOF {
				err = nil
			}
			return err
		}
	}
}

// whose says who sent a stream that begins with start, and whether that is a head.
func (c *Command) whose(start []byte) (from codec.Role, handshake bool) {
	request, response := string(start) == "GET ", string(start) == "HTTP"
	masked := !response && len(start) > 1 && start[1]&0x80 != 0
	if c.Role == "client" || c.Role == "auto" && (request || masked) {
		return codec.Client, request || response
	}
	return codec.Server, request || response
}

// readRecording reports the connections of a recording or an HTTP archive, one after the
// other.
func readRecording(in io.Reader, rep *report) error {
	rec, err := recording.Read(in)
	if err != nil {
		return fmt.Errorf("recording%w", err)
	}
	for _, c := range rec.Connections {
		p := peers{number: c.Number, server: rec.To}
		if c.URL != "" {
			p.server = c.URL
			rep.archived = true // it has messages, not bytes
			if rep.printer != nil {
				rep.printer.Offsets = false
			}
		}
		rep.note("#%d: server %s", p.number, p.server)
		rec.Show(c, func(e trace.Event) { rep.eventOf(p, e) })
	}
	return nil
}
