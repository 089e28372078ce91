// Package bench measures this library beside others: its benchmarks in one
// process, and package race over loopback. See README.md.
package bench
