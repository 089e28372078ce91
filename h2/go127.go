//go:build go1.27 && !http2legacy

package h2

// refused says that the HTTP/2 client of this build refuses extended CONNECT: from Go 1.27
// on x/net/http2 uses net/http's, which takes ":protocol" for an invalid field name. The
// tag http2legacy makes x/net/http2 use its own.
const refused = true
