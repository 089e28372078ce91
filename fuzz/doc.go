// Package fuzz holds the fuzz targets of the library. Each states a property
// that has to hold for all bytes, not merely that nothing crashes; README.md
// says which, how to run a campaign, and what to do with a finding.
//
// The targets use exported names only, as a user of the library would.
package fuzz
