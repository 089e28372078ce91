// Package bench measures this library beside others: its benchmarks in one
// process, and package race over loopback. Package soak is one under stress. See README.md.
package bench
