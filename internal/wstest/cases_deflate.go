package wstest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// DeflateCase is a case of permessage-deflate (RFC 7692), of group 12 or 13. It
// begins with the opening handshake, and its messages are compressed with what
// that agreed on; so it has no Script, and [PlayDeflate] plays it.
type DeflateCase struct {
	Case
	Kind     PayloadKind
	Length   int             // of each message, in code points for text
	Fragment int             // payload bytes that the suite sends a frame; 0 for whole messages
	Offers   []DeflateParams // of the suite as a client
	Wants    []DeflateParams // of the client, by the suite as a server: the first that its offer allows
}

// DeflateMessages is how many messages Autobahn sends in a case.
const DeflateMessages = 1000

// DeflateCases is [Cases] for groups 12 and 13.
func DeflateCases(prefixes ...string) []*DeflateCase {
	if len(prefixes) == 0 {
		return slices.Clone(deflateTable())
	}
	var found []*DeflateCase
	for _, c := range deflateTable() {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.ID+".", p+".") }) {
			found = append(found, c)
		}
	}
	return found
}

var deflateTable = sync.OnceValue(func() (cases []*DeflateCase) {
	for i, kind := range []PayloadKind{JSON, Bitmap, Prose, HTML, PDF} {
		cases = append(cases, deflateSizes(DeflateCase{
			Case:   Case{ID: fmt.Sprintf("12.%d", i+1)},
			Kind:   kind,
			Offers: []DeflateParams{deflateAny},
			Wants:  []DeflateParams{{}},
		})...)
	}
	for i, wants := range deflateWants {
		var offers []DeflateParams
		for _, w := range wants {
			offers = append(offers, deflateOffer(w))
		}
		cases = append(cases, deflateSizes(DeflateCase{
			Case:   Case{ID: fmt.Sprintf("13.%d", i+1)},
			Kind:   JSON,
			Offers: offers,
			Wants:  wants,
		})...)
	}
	return cases
})

// deflateAny is what every offer of the suite's allows the server.
var deflateAny = DeflateParams{ClientNoContextTakeover: true, ClientMaxWindowBits: AnyBits}

// deflateWants is what the cases of group 13 want of the other side, in the order
// of preference: here as a server wants it of the client.
var deflateWants = [...][]DeflateParams{
	{{}},
	{{ClientNoContextTakeover: true}},
	{{ClientMaxWindowBits: 9}},
	{{ClientMaxWindowBits: 15}},
	{{ClientNoContextTakeover: true, ClientMaxWindowBits: 9}},
	{{ClientNoContextTakeover: true, ClientMaxWindowBits: 15}},
	{{ClientNoContextTakeover: true, ClientMaxWindowBits: 9}, {ClientNoContextTakeover: true}, {}},
}

// deflateOffer is the offer of a client that wants of the server what w wants of
// the client.
func deflateOffer(w DeflateParams) DeflateParams {
	offer := deflateAny
	offer.ServerNoContextTakeover = w.ClientNoContextTakeover
	offer.ServerMaxWindowBits = w.ClientMaxWindowBits
	return offer
}

// deflateSizes makes the 18 cases of a group.
func deflateSizes(of DeflateCase) (cases []*DeflateCase) {
	group := of.ID
	add := func(length, fragment int) {
		c := of
		c.ID = fmt.Sprintf("%s.%d", group, len(cases)+1)
		c.Length, c.Fragment, c.Closing, c.Limit = length, fragment, closes1000(), 480*time.Second
		if limits := []time.Duration{60, 60, 120, 240}; len(cases) < len(limits) {
			c.Limit = limits[len(cases)] * time.Second
		}
		unit := "bytes"
		if c.Kind == JSON || c.Kind == HTML {
			unit = "code points"
		}
		c.Name = fmt.Sprintf("compressed messages of %d %s of %s", length, unit, c.Kind)
		if fragment > 0 {
			c.Name += fmt.Sprintf(" in fragments of %d bytes", fragment)
		}
		c.Name += " are echoed, one after the other; offered: " + deflateHeader(c.Offers)
		cases = append(cases, &c)
	}
	for _, length := range []int{16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072} {
		add(length, 0)
	}
	for _, length := range []int{8192, 16384, 32768, 65536, 131072} {
		add(length, 256)
	}
	for _, fragment := range []int{1024, 4096, 32768} {
		add(131072, fragment)
	}
	return cases
}
