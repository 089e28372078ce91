// Package wstest is what the tests of this module share: the vectors of RFC
// 6455, one table of conformance cases, and a suite that plays a case against
// an echo peer and judges the answer.
//
// The table ([Cases]) is data. A test of a decoder feeds it [Case.Bytes] and
// compares with [Case.Outcome]; a fuzz target takes its seeds from it; [Play]
// and [PlayTable] talk to a connection. The cases follow the numbering of the
// Autobahn test suite, groups 1 to 7, 9 and 10.
//
// The suite is an independent judge. It uses package codec for headers and
// masking alone, and decides for itself what a peer may send.
package wstest
