package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version returns what `zerowire --version` prints: the module's version, the
// commit if it was built from a repository, and with what and for what.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "zerowire (built without module information)"
	}
	return describeBuild(info)
}

func describeBuild(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	release := info.Main.Version
	if release == "" {
		release = "(devel)"
	}
	commit := ""
	if revision := settings["vcs.revision"]; revision != "" {
		commit = fmt.Sprintf(" commit %.12s of %s", revision, settings["vcs.time"])
		if settings["vcs.modified"] == "true" {
			commit += ", modified"
		}
	}
	return fmt.Sprintf("zerowire %s%s, %s %s/%s", release, commit, info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
