// Package wstest is what the tests of this module share: the vectors of RFC
// 6455, one table of conformance cases, and a suite that plays a case against
// an echo peer and judges the answer.
//
// The table ([Cases]) is data. A test of a decoder feeds it [Case.Bytes] and
// compares with [Case.Outcome]; a fuzz target takes its seeds from it; [Play]
// and [PlayTable] talk to a connection. The cases follow the numbering of the
// Autobahn test suite, groups 1 to 7, 9 and 10.
//
// Groups 12 and 13, of permessage-deflate, are a table of their own
// ([DeflateCases], [PlayDeflate]): what their messages are on the wire depends on the
// opening handshake, which is part of the case. [DeflateVectors] are what a
// compressed connection has to accept or to refuse.
//
// Servers that do what a client must not rely on are a table of their own ([Hostiles],
// [ServeHostile]).
//
// The suite is an independent judge. It uses package codec for headers and
// masking alone, and decides for itself what a peer may send. Its [Inflater] and its
// [Deflater] share nothing with package codec/deflate.
package wstest
