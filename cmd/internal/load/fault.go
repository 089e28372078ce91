package load

import "fmt"

// fault is a way in which a server, or the way to it, fails.
type fault uint8

// The faults.
const (
	wrongContent fault = iota
	wrongType
	outOfOrder
	repeated
	unasked
	lost
	violation
	closed
	broken
	refused
)

var faultNames = [...]string{
	wrongContent: "wrong content",
	wrongType:    "wrong type",
	outOfOrder:   "out of order",
	repeated:     "repeated",
	unasked:      "not asked for",
	lost:         "lost",
	violation:    "protocol violation",
	closed:       "closed by the server",
	broken:       "connection broken",
	refused:      "no connection",
}

// String names the fault.
func (f fault) String() string { return faultNames[f] }

// isEcho reports whether the fault is one of an echo, not of a connection.
func (f fault) isEcho() bool { return f <= lost }

// faults counts what went wrong.
type faults map[fault]Fault

// Fault is how often something went wrong, with the first time as an example.
type Fault struct {
	Kind    string `json:"kind"`
	Count   int64  `json:"count"`
	Example string `json:"example"`

	kind fault
}

// add counts n faults. The example is kept if it is the first.
func (f faults) add(kind fault, n int64, format string, args ...any) {
	e, again := f[kind]
	if !again {
		e = Fault{Kind: kind.String(), Example: fmt.Sprintf(format, args...), kind: kind}
	}
	e.Count += n
	f[kind] = e
}

// merge adds the counts of g.
func (f faults) merge(g faults) {
	for kind, e := range g {
		f.add(kind, e.Count, "%s", e.Example)
	}
}

// list returns the faults in the order of their constants.
func (f faults) list() []Fault {
	list := []Fault{} // not nil: [] in JSON
	for kind := range faultNames {
		if e, counted := f[fault(kind)]; counted {
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
