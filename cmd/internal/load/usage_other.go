//go:build !unix

package load

// processUsage returns nothing: this system does not tell.
func processUsage() usage { return usage{} }
