package wstest

import (
	"fmt"
	"time"

	"github.com/zerowire/websocket/codec"
)

// casesLarge is group 9. Autobahn compares type and length there; this suite
// compares the content as well.
func casesLarge() (cases []*Case) {
	add := func(group, i int, limit time.Duration, name string, script func() Script) {
		cases = append(cases, &Case{
			ID: fmt.Sprintf("9.%d.%d", group, i+1), Name: name, Closing: closes1000(), Limit: limit, script: script,
		})
	}
	kinds := []codec.Opcode{codec.OpText, codec.OpBinary}
	for kind, op := range kinds {
		for i, size := range []int{64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20} {
			limit := 100 * time.Second
			if op == codec.OpText && i < 2 || op == codec.OpBinary && i < 4 {
				limit = 10 * time.Second
			}
			add(1+kind, i, limit, fmt.Sprintf("a %s message of %d KiB in one frame is echoed", op, size>>10),
				func() Script { return largeFrame(op, size, OneWrite) })
		}
	}
	for kind, op := range kinds {
		for i, size := range []int{64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20} {
			add(3+kind, i, 100*time.Second, fmt.Sprintf("a %s message of 4 MiB in fragments of %d bytes is echoed", op, size),
				func() Script { return fragmented(op, 4<<20, size) })
		}
	}
	for kind, op := range kinds {
		for i, cut := range []int{64, 128, 256, 512, 1024, 2048} {
			add(5+kind, i, 1000*time.Second, fmt.Sprintf("a %s frame of 1 MiB in writes of %d bytes is echoed", op, cut),
				func() Script { return largeFrame(op, 1<<20, cut) })
		}
	}
	limits := []time.Duration{60, 60, 60, 120, 240, 480}
	for kind, op := range kinds {
		for i, size := range []int{0, 16, 64, 256, 1024, 4096} {
			add(7+kind, i, limits[i]*time.Second, fmt.Sprintf("1000 %s messages of %d bytes, one after the other, are echoed", op, size),
				func() Script { return roundTrips(op, size, 1000) })
		}
	}
	return cases
}

// casesMisc is group 10.
func casesMisc() []*Case {
	return []*Case{{
		ID: "10.1.1", Name: "a text message of 65536 bytes in fragments of 1300 bytes is echoed",
		Closing: closes1000(), Limit: 10 * time.Second,
		script: func() Script { return fragmented(codec.OpText, 65536, 1300) },
	}}
}

func largeFrame(op codec.Opcode, size, cut int) Script {
	f := filled(op, size)
	return Script{Steps: []Step{Send{[]Frame{f}, cut}}, Want: []Event{{op, f.Payload}}}
}

// fragmented cuts a message of total bytes into fragments of size bytes, each
// written on its own.
func fragmented(op codec.Opcode, total, size int) Script {
	whole := filled(op, total).Payload
	var frames []Frame
	for at := 0; at < total; at += size {
		end := min(at+size, total)
		frames = append(frames, Frame{Fin: end == total, Payload: whole[at:end]})
	}
	frames[0].Opcode = op
	return Script{Steps: frameWise(frames...), Want: []Event{{op, whole}}}
}

func roundTrips(op codec.Opcode, size, count int) Script {
	f := filled(op, size)
	var s Script
	for i := range count {
		s.Steps = append(s.Steps, Send{Frames: []Frame{f}}, Await(i+1))
		s.Want = append(s.Want, Event{op, f.Payload})
	}
	return s
}
