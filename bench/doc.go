// Package bench measures this library beside others: its benchmarks in one
// process, and package race over loopback. Package soak is one under stress, and packages
// differential and interop compare behavior. See README.md.
package bench
