// Package deflate is permessage-deflate (RFC 7692) between bytes and bytes: the
// parameters, their negotiation, and the two directions.
//
// A server answers a client's offers with Accept; a client makes an offer with
// AppendOffer and judges the answer with Agreed. Both get Params, by which the
// fields of a Compressor and of a Decompressor are set. A compressed
// message is marked by codec.RSV1 on its first frame.
//
// Compressing is done by github.com/klauspost/compress/flate. Its writers are
// large: a few are kept for all connections, and each is lent to a message for as
// long as it takes to compress it. One that served a connection last still knows
// its window; another one is told it. Inflating is done here, because it has to stop
// where the bytes received so far end, and because it can then write
// straight into the message.
//
// As all of package codec, it does no I/O, starts no goroutine and reads no clock.
package deflate
