// Package conform is `zerowire conform`: it plays the conformance table against
// any server that echoes, and reports case by case what the server did.
//
// The way is command.go (flags) → choose.go (which cases) → target.go (the
// opening handshake) → probe.go (does it echo?) → play.go → report.go and its
// three forms in text.go, json.go and html.go.
package conform
