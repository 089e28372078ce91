package load

import (
	"fmt"
	"slices"
)

// fault is a way in which a server, or the way to it, fails.
type fault string

// The faults of an echo, and then those of a connection.
const (
	wrongContent fault = "wrong content"
	wrongType    fault = "wrong type"
	outOfOrder   fault = "out of order"
	repeated     fault = "repeated"
	unasked      fault = "not asked for"
	lost         fault = "lost"

	violation fault = "protocol violation"
	closed    fault = "closed by the server"
	broken    fault = "connection broken"
	refused   fault = "no connection"
)

var (
	echoFaults       = []fault{wrongContent, wrongType, outOfOrder, repeated, unasked, lost}
	connectionFaults = []fault{violation, closed, broken, refused}
)

// faults counts what went wrong.
type faults map[fault]Fault

// Fault is how often something went wrong, with the first time as an example.
type Fault struct {
	Kind    fault  `json:"kind"`
	Count   int64  `json:"count"`
	Example string `json:"example"`
}

// add counts n faults. The example is kept if it is the first.
func (f faults) add(kind fault, n int64, format string, args ...any) {
	e, again := f[kind]
	if !again {
		e = Fault{Kind: kind, Example: fmt.Sprintf(format, args...)}
	}
	e.Count += n
	f[kind] = e
}

// list returns the faults in their order.
func (f faults) list() []Fault {
	list := []Fault{} // not nil: [] in JSON
	for _, kind := range slices.Concat(echoFaults, connectionFaults) {
		if e, counted := f[kind]; counted {
			list = append(list, e)
		}
	}
	return list
}

// difference says where got differs from want.
func difference(got, want []byte) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	if len(got) != len(want) {
		return fmt.Sprintf("%d bytes, want %d; they differ from byte %d on", len(got), len(want), at)
	}
	return fmt.Sprintf("byte %d is %#02x, want %#02x", at, got[at], want[at])
}
