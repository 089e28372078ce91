// Publish writes the modules that people install into a directory that serves as a
// module proxy, as a release does.
//
//	go run ./interop/publish VERSION DIRECTORY
//
// Afterwards GOPROXY=file://DIRECTORY,https://proxy.golang.org has them at VERSION.
// It publishes the files that git tracks, as they are in the tree. The modules that
// it publishes, and their order, are in .ci/published.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: publish VERSION DIRECTORY")
		os.Exit(2)
	}
	if err := publish(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func publish(version, proxy string) error {
	t, err := openTree(".")
	if err != nil {
		return err
	}
	return t.publishAll(version, proxy)
}
