//go:build !go1.27 || http2legacy

package h2

// refused reports that the HTTP/2 client of this build refuses extended CONNECT.
const refused = false
