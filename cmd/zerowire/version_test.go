package main

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestDescribeBuild(t *testing.T) {
	system := runtime.GOOS + "/" + runtime.GOARCH
	built := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123"}
	at := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-23T12:00:00Z"}
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"installed", built("v1.2.3"), "zerowire v1.2.3, go1.26.8 " + system},
		{"built outside a repository", built(""), "zerowire (devel), go1.26.8 " + system},
		{"built from a commit", built("(devel)", revision, at),
			"zerowire (devel) commit 0123456789ab of 2026-11-23T12:00:00Z, go1.26.8 " + system},
		{"built from a changed tree", built("(devel)", revision, at, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			"zerowire (devel) commit 0123456789ab of 2026-11-23T12:00:00Z, modified, go1.26.8 " + system},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := describeBuild(tt.info); got != tt.want {
				t.Errorf("describeBuild() = %s\nwant %s", got, tt.want)
			}
		})
	}
}
