//go:build go1.27 && !http2legacy

package h2

// refused reports that the HTTP/2 client of this build refuses extended CONNECT. From Go 1.27
// on, x/net/http2 uses the client of net/http, which rejects ":protocol" as an invalid field
// name. With the tag http2legacy, x/net/http2 uses its own client.
const refused = true
