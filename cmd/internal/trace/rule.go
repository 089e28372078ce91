package trace

import (
	"strings"

	"github.com/zerowire/websocket/codec"
)

// Rule names the rule that the Err of a Violation says was broken, and the section
// of the RFC that has it.
func Rule(err error) (rule, section string) {
	switch err := err.(type) {
	case codec.Violation:
		return err.Rule(), violationSections[err]
	case codec.Refusal:
		return strings.TrimPrefix(err.Error(), "codec: "), refusalSections[err]
	}
	return err.Error(), ""
}

var violationSections = map[codec.Violation]string{
	codec.ErrReservedBits:      "RFC 6455 §5.2",
	codec.ErrReservedOpcode:    "RFC 6455 §5.2",
	codec.ErrLengthNotMinimal:  "RFC 6455 §5.2",
	codec.ErrLengthOverflow:    "RFC 6455 §5.2",
	codec.ErrUnmasked:          "RFC 6455 §5.1",
	codec.ErrMasked:            "RFC 6455 §5.1",
	codec.ErrContinuation:      "RFC 6455 §5.4",
	codec.ErrInterleaved:       "RFC 6455 §5.4",
	codec.ErrControlFragmented: "RFC 6455 §5.5",
	codec.ErrControlTooLong:    "RFC 6455 §5.5",
	codec.ErrAfterClose:        "RFC 6455 §5.5.1",
	codec.ErrCloseTruncated:    "RFC 6455 §5.5.1",
	codec.ErrCloseStatus:       "RFC 6455 §7.4",
	codec.ErrCloseReason:       "RFC 6455 §5.5.1",
	codec.ErrText:              "RFC 6455 §8.1",
	codec.ErrMessageTooBig:     "RFC 6455 §10.4",
	codec.ErrDeflate:           "RFC 7692 §7.2.2",
}

var refusalSections = map[codec.Refusal]string{
	codec.ErrRequestLine:          "RFC 9112 §3",
	codec.ErrHTTP10:               "RFC 6455 §4.1",
	codec.ErrHTTPMajor:            "RFC 9112 §2.3",
	codec.ErrLineEnd:              "RFC 9112 §2.2",
	codec.ErrHeaderLine:           "RFC 9112 §5",
	codec.ErrHeaderName:           "RFC 9110 §5.1",
	codec.ErrHeaderSpace:          "RFC 9112 §5.1",
	codec.ErrHeaderFold:           "RFC 9112 §5.2",
	codec.ErrHeaderValue:          "RFC 9110 §5.5",
	codec.ErrHeadTooBig:           "RFC 6455 §10.4",
	codec.ErrTooManyLines:         "RFC 6455 §10.4",
	codec.ErrHostMissing:          "RFC 9112 §3.2",
	codec.ErrHostTwice:            "RFC 9112 §3.2",
	codec.ErrHost:                 "RFC 9110 §7.2",
	codec.ErrMethod:               "RFC 6455 §4.1",
	codec.ErrUpgrade:              "RFC 6455 §4.2.1",
	codec.ErrConnection:           "RFC 6455 §4.2.1",
	codec.ErrVersion:              "RFC 6455 §4.4",
	codec.ErrVersionTwice:         "RFC 6455 §11.3.5",
	codec.ErrKeyMissing:           "RFC 6455 §4.2.1",
	codec.ErrKeyTwice:             "RFC 6455 §11.3.1",
	codec.ErrKey:                  "RFC 6455 §4.2.1",
	codec.ErrBody:                 "RFC 9112 §6",
	codec.ErrSubprotocol:          "RFC 6455 §11.3.4",
	codec.ErrSubprotocolTwice:     "RFC 6455 §4.1",
	codec.ErrOriginTwice:          "RFC 6454 §7.3",
	codec.ErrOrigin:               "RFC 6455 §10.2",
	codec.ErrTooManyConnections:   "RFC 6455 §10.4",
	codec.ErrStatusLine:           "RFC 9112 §4",
	codec.ErrStatus:               "RFC 6455 §4.1",
	codec.ErrAcceptMissing:        "RFC 6455 §4.1",
	codec.ErrAcceptTwice:          "RFC 6455 §11.3.3",
	codec.ErrAccept:               "RFC 6455 §4.1",
	codec.ErrExtension:            "RFC 6455 §4.1",
	codec.ErrSubprotocolSeveral:   "RFC 6455 §11.3.4",
	codec.ErrSubprotocolUnoffered: "RFC 6455 §4.1",
}
