package trace

import (
	"slices"
	"strings"

	"github.com/zerowire/websocket/codec"
)

// Rule names the rule that the Err of a Violation says was broken, and the section
// of the RFC that has it.
func Rule(err error) (rule, section string) {
	for of, rules := range sections {
		if slices.Contains(rules, err) {
			section = of
		}
	}
	return strings.TrimPrefix(err.Error(), "codec: "), section
}

// sections has the rules of each section.
var sections = map[string][]error{
	"RFC 6454 §7.3":    {codec.ErrOriginTwice},
	"RFC 6455 §4.1":    {codec.ErrHTTP10, codec.ErrMethod, codec.ErrStatus, codec.ErrAcceptMissing, codec.ErrAccept, codec.ErrExtension, codec.ErrSubprotocolTwice, codec.ErrSubprotocolUnoffered},
	"RFC 6455 §4.2.1":  {codec.ErrUpgrade, codec.ErrConnection, codec.ErrKeyMissing, codec.ErrKey},
	"RFC 6455 §4.4":    {codec.ErrVersion},
	"RFC 6455 §5.1":    {codec.ErrUnmasked, codec.ErrMasked},
	"RFC 6455 §5.2":    {codec.ErrReservedBits, codec.ErrReservedOpcode, codec.ErrLengthNotMinimal, codec.ErrLengthOverflow},
	"RFC 6455 §5.4":    {codec.ErrContinuation, codec.ErrInterleaved},
	"RFC 6455 §5.5":    {codec.ErrControlFragmented, codec.ErrControlTooLong},
	"RFC 6455 §5.5.1":  {codec.ErrAfterClose, codec.ErrCloseTruncated, codec.ErrCloseReason},
	"RFC 6455 §7.4":    {codec.ErrCloseStatus},
	"RFC 6455 §8.1":    {codec.ErrText},
	"RFC 6455 §10.2":   {codec.ErrOrigin},
	"RFC 6455 §10.4":   {codec.ErrMessageTooBig, codec.ErrHeadTooBig, codec.ErrTooManyLines, codec.ErrTooManyConnections},
	"RFC 6455 §11.3.1": {codec.ErrKeyTwice},
	"RFC 6455 §11.3.3": {codec.ErrAcceptTwice},
	"RFC 6455 §11.3.4": {codec.ErrSubprotocol, codec.ErrSubprotocolSeveral},
	"RFC 6455 §11.3.5": {codec.ErrVersionTwice},
	"RFC 7692 §7.2.2":  {codec.ErrDeflate},
	"RFC 9110 §5.1":    {codec.ErrHeaderName},
	"RFC 9110 §5.5":    {codec.ErrHeaderValue},
	"RFC 9110 §7.2":    {codec.ErrHost},
	"RFC 9112 §2.2":    {codec.ErrLineEnd},
	"RFC 9112 §2.3":    {codec.ErrHTTPMajor},
	"RFC 9112 §3":      {codec.ErrRequestLine},
	"RFC 9112 §3.2":    {codec.ErrHostMissing, codec.ErrHostTwice},
	"RFC 9112 §4":      {codec.ErrStatusLine},
	"RFC 9112 §5":      {codec.ErrHeaderLine},
	"RFC 9112 §5.1":    {codec.ErrHeaderSpace},
	"RFC 9112 §5.2":    {codec.ErrHeaderFold},
	"RFC 9112 §6":      {codec.ErrBody},
}
