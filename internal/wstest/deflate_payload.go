package wstest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// PayloadKind is what the messages of a compression case look like.
type PayloadKind uint8

// The kinds, and as what they are sent.
const (
	JSON   PayloadKind = iota // text
	Bitmap                    // binary
	Prose                     // German, binary
	HTML                      // text
	PDF                       // binary, hardly compressible
)

// String names the kind.
func (k PayloadKind) String() string {
	return [...]string{"JSON", "a bitmap", "German prose", "HTML", "a PDF"}[k]
}

// Opcode is the type of the messages of this kind.
func (k PayloadKind) Opcode() codec.Opcode {
	if k == JSON || k == HTML {
		return codec.OpText
	}
	return codec.OpBinary
}

// Message returns message number i of a length in code points for text, in bytes
// for binary. The messages are pieces of one document, each from another place.
// They must not be modified.
func (k PayloadKind) Message(i, length int) []byte {
	return documents[k]().piece(i, length)
}

// documentSize is how long a document is, in code points or bytes: the longest
// message and room to move.
const documentSize = 131072 + 40_000

// document is what messages are cut from.
type document struct {
	bytes  []byte
	starts []int // of each code point, and the end; nil if every byte is one
}

func (d document) piece(i, length int) []byte {
	from := i * 7919 % (documentSize - length)
	if d.starts == nil {
		return d.bytes[from : from+length]
	}
	return d.bytes[d.starts[from]:d.starts[from+length]]
}

var documents = [...]func() document{
	JSON:   textDocument(writeJSON),
	Bitmap: binaryDocument(writeBitmap),
	Prose:  binaryDocument(writeProse),
	HTML:   textDocument(writeHTML),
	PDF:    binaryDocument(writePDF),
}

// writer writes a part of a document of which n parts were written before.
type writer func(b *bytes.Buffer, r *rand.Rand, n int)

func binaryDocument(write writer) func() document {
	return sync.OnceValue(func() document {
		var b bytes.Buffer
		r := rand.New(rand.NewPCG(7, 692))
		for n := 0; b.Len() < documentSize; n++ {
			write(&b, r, n)
		}
		return document{bytes: b.Bytes()}
	})
}

func textDocument(write writer) func() document {
	return sync.OnceValue(func() document {
		var b bytes.Buffer
		r := rand.New(rand.NewPCG(7, 692))
		for n := 0; utf8.RuneCount(b.Bytes()) <= documentSize; n++ {
			for range 500 {
				write(&b, r, n)
			}
		}
		d := document{bytes: b.Bytes()}
		for i := range b.String() {
			d.starts = append(d.starts, i)
		}
		return d
	})
}

// names have code points of every length.
var names = strings.Fields("Ada Björn Chloë Đorđe Éva Ψαρρός Иван 世界 🌍𝄞 Zoë Müller O’Neil")

func name(r *rand.Rand) string { return names[r.IntN(len(names))] }

func writeJSON(b *bytes.Buffer, r *rand.Rand, n int) {
	fmt.Fprintf(b, `{"id":%d,"name":"%s %s","email":"user%d@example.com","active":%t,"score":%.4f,"tags":["%s","%s"],`+
		`"address":{"street":"%d Main Street","city":"%s","geo":{"lat":%.6f,"lng":%.6f}},"note":null},`+"\n",
		n<<9|r.IntN(512), name(r), name(r), r.IntN(100_000), r.IntN(2) == 0, r.Float64()*100,
		strings.ToLower(name(r)), name(r), r.IntN(999), name(r), r.Float64()*180-90, r.Float64()*360-180)
}

func writeHTML(b *bytes.Buffer, r *rand.Rand, n int) {
	fmt.Fprintf(b, "<tr class=\"row-%d\"><td><a href=\"/people/%d?tab=profile\">%s %s</a></td><td>&euro;&nbsp;%d.%02d</td>"+
		"<td><img src=\"/static/img/%04x.png\" alt=\"%s\" width=\"32\" height=\"32\"></td></tr>\n",
		n%2, r.IntN(10_000), name(r), name(r), r.IntN(1000), r.IntN(100), r.IntN(1<<16), name(r))
}

var (
	subjects = strings.Split("Der alte Müller|Die schöne Gräfin|Das müde Pferd|Ein fröhlicher Schüler|Niemand außer mir|Unsere Großmutter|Jener böse Wolf", "|")
	verbs    = strings.Fields("öffnete überquerte verließ suchte hörte vergaß träumte beschrieb zerstörte begrüßte")
	objects  = strings.Split("die große Brücke|das grüne Tor|einen süßen Kuchen|den dunklen Wald|alle Bücher der Bibliothek|ein Märchen|die Straße nach Köln", "|")
	times    = strings.Split("am frühen Morgen|während des Frühstücks|im späten Herbst|zwölf Jahre später|ohne ein Wort|gegen Mitternacht", "|")
)

func writeProse(b *bytes.Buffer, r *rand.Rand, n int) {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	fmt.Fprintf(b, "%s %s %s %s", pick(subjects), pick(verbs), pick(times), pick(objects))
	if r.IntN(3) == 0 {
		fmt.Fprintf(b, ", und %s %s %s", strings.ToLower(pick(subjects)), pick(verbs), pick(objects))
	}
	b.WriteString(". ")
	if n%7 == 6 {
		b.WriteString("\r\n\r\n")
	}
}

// writeBitmap writes a row of 256 pixels of three bytes: a gradient with a disk
// before it, and a little noise.
func writeBitmap(b *bytes.Buffer, r *rand.Rand, n int) {
	for x := range 256 {
		y := n % 224
		if dx, dy := x-128, y-112; dx*dx+dy*dy < 80*80 {
			b.Write([]byte{0x20, 0x40, 0xE0})
			continue
		}
		noise := byte(0)
		if r.IntN(16) == 0 {
			noise = byte(r.IntN(4))
		}
		b.Write([]byte{byte(y) + noise, byte(x >> 2), byte(255 - y)})
	}
}

// writePDF writes an object whose stream was compressed already.
func writePDF(b *bytes.Buffer, r *rand.Rand, n int) {
	stream := make([]byte, 2000+r.IntN(4000))
	for i := range stream {
		stream[i] = byte(r.Uint32())
	}
	fmt.Fprintf(b, "%d 0 obj\n<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream\nendobj\n", n+1, len(stream), stream)
}
