package wstest

// Verdict is a judgement on one aspect of a case, in Autobahn's words. The zero
// Verdict is OK.
type Verdict uint8

// The verdicts.
const (
	OK             Verdict = iota
	NonStrict              // permitted, but later or less than it should be
	Informational          // recorded, not judged
	Failed                 // wrong
	Unclean                // the closing handshake was required and did not complete
	WrongCode              // the peer closed with a code that does not fit
	FailedByClient         // the peer is a server, and the suite had to drop TCP
	Unimplemented          // what the case is about was not agreed on
)

// String returns the verdict in Autobahn's capitals: "NON-STRICT".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "UNKNOWN"
}

var verdictNames = [...]string{
	OK:             "OK",
	NonStrict:      "NON-STRICT",
	Informational:  "INFORMATIONAL",
	Failed:         "FAILED",
	Unclean:        "UNCLEAN",
	WrongCode:      "WRONG CODE",
	FailedByClient: "FAILED BY CLIENT",
	Unimplemented:  "UNIMPLEMENTED",
}
