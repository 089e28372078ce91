// Package deflate implements permessage-deflate (RFC 7692) on byte slices: the
// parameters, their negotiation, and compression in both directions.
//
// A server answers the offers of a client with [Policy.Accept]. A client makes an offer
// with [Policy.AppendOffer] and checks the answer with [Policy.Agreed]. Both return
// [Params], from which the fields of a [Compressor] and a [Decompressor] are set. The
// first frame of a compressed message has codec.RSV1 set.
//
// Compression uses github.com/klauspost/compress/flate. Its writers are large: a few
// are kept for all connections, and each is used for one message at a time. A writer
// that served the same connection last still has its window. Otherwise it is
// initialized with the window. Decompression is implemented in this package, because it
// must stop where the received bytes end, and because it can then write directly into
// the message.
//
// Like package codec, it does no I/O, starts no goroutine and reads no clock.
package deflate
