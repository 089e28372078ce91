package lint

import (
	"regexp"
	"strings"
	"testing"
)

// shellBlock matches commands in a document.
var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestCommandsCanBePasted: no command in a document has a comment. The interactive shell
// of macOS, zsh, passes the words of a comment to the command as arguments.
func TestCommandsCanBePasted(t *testing.T) {
	blocks := 0
	for path, text := range documents(t) {
		for _, block := range shellBlock.FindAllSubmatch(text, -1) {
			blocks++
			for line := range strings.Lines(string(block[1])) {
				if strings.HasPrefix(line, "#") || strings.Contains(line, " #") {
					t.Errorf("%s: a comment in a command: %s", path, line)
				}
			}
		}
	}
	if blocks < 10 {
		t.Errorf("%d blocks of commands were checked, want those of all documents", blocks)
	}
}
