//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "race: needs Linux: a server's CPU time is read from /proc")
	os.Exit(1)
}
