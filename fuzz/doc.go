// Package fuzz holds the fuzz targets of the library. Each target checks a property that must
// hold for all inputs, in addition to the absence of panics. README.md lists the properties,
// and describes how to run a campaign and what to do with a finding.
//
// The targets use exported names only, like a user of the library.
package fuzz
