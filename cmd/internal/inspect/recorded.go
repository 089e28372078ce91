package inspect

import (
	"fmt"
	"io"

	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
)

// readRecording reports the connections of a recording or an HTTP archive, one after the
// other.
func readRecording(in io.Reader, rep *report) error {
	rec, err := recording.Read(in)
	if err != nil {
		return fmt.Errorf("recording%w", err)
	}
	for _, c := range rec.Connections {
		p := peers{number: c.Number, server: rec.To}
		if c.URL != "" {
			p.server = c.URL
			rep.noOffsets() // an archive has messages, not bytes
		}
		rep.note("#%d: server %s", p.number, p.server)
		rec.Show(c, func(e trace.Event) { rep.eventOf(p, e) })
	}
	return nil
}
