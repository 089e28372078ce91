package wstest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/zerowire/websocket/codec"
)

// kosme is a Greek word of 11 bytes: code points of 2, 3, 2, 2 and 2 bytes.
const kosme = "κ\u1f79σμε"

const mixed = "Hello-µ@ßöäüàá-UTF-8!!"

// invalidText: the peer fails with 1007 or no code, and a suite that has to
// close in its place decides the behavior too.
func invalidText() Closing {
	return Closing{By: Peer, Codes: []codec.StatusCode{codec.StatusInvalidPayload}, Fatal: Failed}
}

// casesUTF8 is group 6 without 6.4.
func casesUTF8() []*Case {
	cases := []*Case{
		{ID: "6.1.1", Name: "an empty text is echoed", Closing: closes1000(),
			script: wants(sends(Text("")), echo(""))},
		{ID: "6.1.2", Name: "a text in three empty fragments is echoed", Closing: closes1000(),
			script: wants(sends(fragments("", "", "")...), echo(""))},
		{ID: "6.1.3", Name: "a text in an empty, a full and an empty fragment is echoed", Closing: closes1000(),
			script: wants(sends(fragments("", "in the middle", "")...), echo("in the middle"))},
		{ID: "6.2.1", Name: "a valid text is echoed", Closing: closes1000(),
			script: wants(sends(Text(mixed)), echo(mixed))},
		{ID: "6.2.2", Name: "a valid text in two fragments, cut between code points, is echoed", Closing: closes1000(),
			script: wants(sends(fragments("Hello-µ@ßöä", "üàá-UTF-8!!")...), echo(mixed))},
		{ID: "6.2.3", Name: "a valid text in fragments of one byte is echoed", Closing: closes1000(),
			script: wants(sends(fragments(octets(mixed)...)...), echo(mixed))},
		{ID: "6.2.4", Name: "a valid Greek word in fragments of one byte is echoed", Closing: closes1000(),
			script: wants(sends(fragments(octets(kosme)...)...), echo(kosme))},
		{ID: "6.3.1", Name: "a text with an encoded surrogate is refused", Closing: invalidText(),
			script: mustFail(sends(Text(kosme + "\xED\xA0\x80edited")))},
		{ID: "6.3.2", Name: "a text with an encoded surrogate in fragments of one byte is refused", Closing: invalidText(),
			script: mustFail(sends(fragments(octets(kosme + "\xED\xA0\x80edited")...)...))},
	}
	for _, family := range utf8Families {
		for i, s := range family.texts {
			c := &Case{
				ID:      fmt.Sprintf("%s.%d", family.id, i+1),
				Name:    fmt.Sprintf("%s: % X is echoed", family.name, s),
				Closing: closes1000(),
				script:  wants(sends(Text(s)), echo(s)),
			}
			if !utf8.ValidString(s) {
				c.Name = fmt.Sprintf("%s: % X is refused", family.name, s)
				c.Closing = invalidText()
				c.script = mustFail(sends(Text(s)))
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// utf8Families are the texts of 6.5 to 6.23. Whether one is valid is for
// unicode/utf8 to say; a test holds the answer against the table's statement.
var utf8Families = []struct {
	id, name string
	valid    int // how many of texts are
	texts    []string
}{
	{"6.5", "a sequence of 1 to 4 bytes", 5, []string{
		"hello$world", "hello\u00A2world", "hello\u20ACworld", "hello\U00024B62world", kosme}},
	{"6.6", "a prefix of a Greek word", 5, prefixes(kosme)},
	{"6.7", "first code point of its length", 4, []string{"\x00", "\xC2\x80", "\xE0\xA0\x80", "\xF0\x90\x80\x80"}},
	{"6.8", "first 5- or 6-byte form", 0, []string{"\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"}},
	{"6.9", "last code point of its length", 4, []string{"\x7F", "\xDF\xBF", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}},
	{"6.10", "last 4-, 5- or 6-byte form", 0, []string{"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF"}},
	{"6.11", "edge of the code space", 4, []string{
		"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF", "\xF4\x90\x80\x80"}},
	{"6.12", "continuation byte with nothing before it", 0, []string{
		"\x80", "\xBF", "\x80\xBF", "\x80\xBF\x80", "\x80\xBF\x80\xBF", "\x80\xBF\x80\xBF\x80", "\x80\xBF\x80\xBF\x80\xBF",
		byteRange(0x80, 0xBF, "")}},
	{"6.13", "lead byte followed by a space", 0, []string{
		byteRange(0xC0, 0xDF, " "), byteRange(0xE0, 0xEF, " "), byteRange(0xF0, 0xF7, " "),
		byteRange(0xF8, 0xFB, " "), byteRange(0xFC, 0xFD, " ")}},
	{"6.14", "last continuation byte missing", 0, lastByteMissing},
	{"6.15", "many last continuation bytes missing", 0, []string{strings.Join(lastByteMissing, "")}},
	{"6.16", "impossible byte", 0, []string{"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"}},
	{"6.17", "overlong slash", 0, []string{
		"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF", "\xFC\x80\x80\x80\x80\xAF"}},
	{"6.18", "longest overlong form", 0, []string{
		"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF", "\xFC\x83\xBF\xBF\xBF\xBF"}},
	{"6.19", "overlong NUL", 0, []string{
		"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80", "\xFC\x80\x80\x80\x80\x80"}},
	{"6.20", "surrogate", 0, []string{
		"\xED\xA0\x80", "\xED\xAD\xBF", "\xED\xAE\x80", "\xED\xAF\xBF", "\xED\xB0\x80", "\xED\xBE\x80", "\xED\xBF\xBF"}},
	{"6.21", "pair of surrogates", 0, []string{
		"\xED\xA0\x80\xED\xB0\x80", "\xED\xA0\x80\xED\xBF\xBF", "\xED\xAD\xBF\xED\xB0\x80", "\xED\xAD\xBF\xED\xBF\xBF",
		"\xED\xAE\x80\xED\xB0\x80", "\xED\xAE\x80\xED\xBF\xBF", "\xED\xAF\xBF\xED\xB0\x80", "\xED\xAF\xBF\xED\xBF\xBF"}},
	{"6.22", "noncharacter", 34, nonCharacters()},
	{"6.23", "special of the last row of the BMP", 7, []string{
		"\uFFF9", "\uFFFA", "\uFFFB", "\uFFFC", "\uFFFD", "\uFFFE", "\uFFFF"}},
}

// lastByteMissing: each length's least and greatest form, without its last byte.
var lastByteMissing = []string{
	"\xC0", "\xE0\x80", "\xF0\x80\x80", "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80",
	"\xDF", "\xEF\xBF", "\xF7\xBF\xBF", "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF",
}

// fragments returns a text message with a fragment for each part.
func fragments(parts ...string) []Frame {
	frames := make([]Frame, len(parts))
	for i, s := range parts {
		frames[i] = Continuation(s).More()
	}
	frames[0].Opcode = codec.OpText
	frames[len(frames)-1].Fin = true
	return frames
}

// octets returns the bytes of s one by one, code points cut to pieces.
func octets(s string) []string {
	parts := make([]string, len(s))
	for i := range parts {
		parts[i] = s[i : i+1]
	}
	return parts
}

func prefixes(s string) []string {
	p := make([]string, len(s))
	for i := range p {
		p[i] = s[:i+1]
	}
	return p
}

// byteRange returns all bytes from first to last, each followed by sep.
func byteRange(first, last byte, sep string) string {
	var b strings.Builder
	for c := first; c <= last; c++ {
		b.WriteByte(c)
		b.WriteString(sep)
	}
	return b.String()
}

// nonCharacters returns the last two code points of each of the 17 planes.
func nonCharacters() []string {
	var s []string
	for plane := range rune(17) {
		s = append(s, string(plane<<16|0xFFFE), string(plane<<16|0xFFFF))
	}
	return s
}

// casesFailFast is 6.4: text that becomes invalid in its second part must fail
// before the third is sent, and not before the second is.
func casesFailFast() (cases []*Case) {
	const tail = "edited"
	cuts := []struct {
		what  string
		parts [3]string
	}{
		{"an invalid sequence", [3]string{kosme, "\xF4\x90\x80\x80", tail}},
		{"the byte that makes a sequence invalid", [3]string{kosme + "\xF4", "\x90", "\x80\x80" + tail}},
	}
	for i, cut := range cuts {
		p := cut.parts
		cases = append(cases, &Case{
			ID:      fmt.Sprintf("6.4.%d", i+1),
			Name:    cut.what + " in the second of three fragments fails before the third",
			Closing: invalidText(),
			script: mustFail([]Step{
				Send{Frames: []Frame{Text(p[0]).More()}}, Pause{},
				Send{Frames: []Frame{Continuation(p[1]).More()}}, Deadline{},
				Send{Frames: []Frame{Continuation(p[2])}},
			}),
		})
	}
	for i, cut := range cuts {
		f, first, second := Text(strings.Join(cut.parts[:], "")), len(cut.parts[0]), len(cut.parts[0]+cut.parts[1])
		cases = append(cases, &Case{
			ID:      fmt.Sprintf("6.4.%d", i+3),
			Name:    cut.what + " in the second of three writes of one frame fails before the third",
			Closing: invalidText(),
			script: mustFail([]Step{
				Part{f, 0, first}, Pause{},
				Part{f, first, second}, Deadline{},
				Part{f, second, len(f.Payload)},
			}),
		})
	}
	return cases
}
