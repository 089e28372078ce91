package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// example finds the example commands of a help text: indented lines that begin
// with zerowire, perhaps behind a pipe.
var example = regexp.MustCompile(`(?m)^\s+(?:.*\| )?(zerowire (?:[^|<>#\n]+))`)

// TestHelpOfEveryCommand holds every command to examples, and the examples to
// flags that there are.
func TestHelpOfEveryCommand(t *testing.T) {
	for _, command := range newParser(context.Background()).Model.Children {
		t.Run(command.Name, func(t *testing.T) {
			if command.Help == "" || !strings.HasSuffix(command.Help, ".") {
				t.Errorf("the list of commands says %q of it, want a sentence", command.Help)
			}
			examples := example.FindAllStringSubmatch(command.Detail, -1)
			if len(examples) == 0 {
				t.Errorf("zerowire %s --help has no example:\n%s", command.Name, command.Detail)
			}
			for _, found := range examples {
				ours, _, _ := strings.Cut(found[1], " -- ") // a program of its own is behind it
				words := splitLine(ours)[1:]
				if words[0] != command.Name {
					continue // a partner in the example
				}
				for _, word := range words {
					name, _, _ := strings.Cut(word, "=")
					if len(name) > 1 && name[0] == '-' && name != "-1" && findFlag(slices.Concat(command.AllFlags(false)...), name) == nil {
						t.Errorf("example %q: there is no %s", found[1], name)
					}
				}
			}
			for _, flag := range command.Flags {
				if flag.Help == "" {
					t.Errorf("--%s says nothing of itself", flag.Name)
				}
			}
		})
	}
}

// splitLine splits a command line at spaces outside of quotes.
func splitLine(line string) []string {
	return regexp.MustCompile(`(?:'[^']*'|"[^"]*"|\S)+`).FindAllString(line, -1)
}
