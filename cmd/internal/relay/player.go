package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// player sends one recorded connection again. Its goroutine writes; another one
// reads.
type player struct {
	command  *ReplayCommand
	to       *upstream
	recorded *recording.Connection
	schedule schedule
	order    *order
	turn     chan struct{}     // holds a value when the next step may be done
	show     func(trace.Event) // nil unless frames are printed
	out      io.Writer         // for how it went

	nc      net.Conn
	session *trace.Session
	want    *answers
	got     answers // the reader's, until ended

	progress chan int      // how many answers have come
	ended    chan struct{} // closed when nothing more comes
	sent     int           // frames

	writing sync.Mutex             // held while something is written, and for the fields below
	inside  bool                   // of a frame
	closed  bool                   // a Close frame was sent
	ping    atomic.Pointer[[]byte] // payload of the last Ping that was not answered; RFC 6455 §5.5.3 allows to leave out others

	closedFirst bool // no Close frame was recorded, and another one was sent

	serverClosed atomic.Bool // the server's Close frame has come

	answered int  // answers that have come; guarded by the order
	over     bool // nothing more is sent, and nothing more comes; likewise
}

// newPlayer returns what sends a recorded connection again.
func newPlayer(command *ReplayCommand, to *upstream, c *recording.Connection, s schedule, out io.Writer) *player {
	return &player{command: command, to: to, recorded: c, schedule: s, out: out, want: recordedAnswers(c), turn: make(chan struct{}, 1)}
}

// play sends the connection, prints how it went, and reports whether that is as it
// was recorded.
func (p *player) play(ctx context.Context) bool {
	defer p.order.leave(p)
	err := p.open(ctx)
	if err == nil {
		err = p.send(ctx)
		p.nc.Close()
		<-p.ended
	}
	number := p.recorded.Number
	if err != nil {
		fmt.Fprintf(p.out, "#%d %v\n", number, err)
		return false
	}
	if !p.command.Compare {
		n := len(p.got.all)
		if p.closedFirst && p.got.closes() {
			n-- // that answers our own Close frame
		}
		fmt.Fprintf(p.out, "#%d %d frames sent, %d answers\n", number, p.sent, n)
		return true
	}
	differences := p.want.differences(&p.got, p.closedFirst)
	for _, d := range differences {
		fmt.Fprintf(p.out, "#%d %s\n", number, d)
	}
	if len(differences) == 0 {
		fmt.Fprintf(p.out, "#%d %d frames sent, %d answers as recorded\n", number, p.sent, len(p.want.all))
	}
	return len(differences) == 0
}

// open connects when it is time to, and does the opening handshake.
func (p *player) open(ctx context.Context) error {
	if p.recorded.Heads[codec.Client] == nil {
		return errors.New("the recording lacks the client's opening handshake")
	}
	if _, err := p.await(ctx, p.recorded.Began); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	nc, err := p.to.dial(ctx)
	if err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	p.nc = nc
	late, err := p.handshake(ctx)
	if err != nil {
		nc.Close()
		return fmt.Errorf("opening handshake: %w", err)
	}
	p.progress, p.ended = make(chan int, 1), make(chan struct{})
	go p.read(late)
	p.order.done()
	return nil
}

// handshake asks as the recorded client did. It returns the frames behind the answer.
func (p *player) handshake(ctx context.Context) (late []byte, err error) {
	defer context.AfterFunc(ctx, func() { p.nc.SetDeadline(time.Now()) })()
	var request codec.Request
	if _, err := request.Parse(p.recorded.Heads[codec.Client]); err != nil {
		return nil, fmt.Errorf("the recorded request: %w", err)
	}
	p.session = trace.NewSession(codec.Client, true, recording.WholeMessages, p.event)
	p.session.Strict()
	head := p.to.request(&request)
	p.session.Write(codec.Client, time.Now(), head)
	if _, err := p.nc.Write(head); err != nil {
		return nil, err
	}
	var response codec.Response
	for {
		if head, late, err = reach.ReadHead(p.nc, late, response.Parse); err != nil {
			return nil, err
		}
		p.session.Write(codec.Server, time.Now(), head)
		if status := response.Status(); status/100 != 1 || status == 101 {
			break
		}
		response.Reset()
	}
	if response.Status() != 101 {
		return nil, fmt.Errorf("the server answers %d %s", response.Status(), response.Reason())
	}
	return late, p.sameExtensions(&response)
}

// sameExtensions refuses an answer that agrees on other extensions than the recorded
// one, because the recorded frames would mean something else.
func (p *player) sameExtensions(got *codec.Response) error {
	var want codec.Response
	if _, err := want.Parse(p.recorded.Heads[codec.Server]); err != nil {
		return fmt.Errorf("the recorded response: %w", err)
	}
	extensions := func(r *codec.Response) string {
		return fmt.Sprintf("%q", slices.Collect(r.Values("Sec-WebSocket-Extensions")))
	}
	if extensions(got) != extensions(&want) {
		return fmt.Errorf("the server agrees on the extensions %s, recorded were %s: the frames cannot be sent as they are", extensions(got), extensions(&want))
	}
	return nil
}

// event takes what passes, in either direction.
func (p *player) event(e trace.Event) {
	if p.show != nil {
		p.show(e)
	}
	if e.From == codec.Client {
		return
	}
	if e.Kind == trace.Frame && e.Message == codec.OpPing {
		payload := slices.Clone(e.Payload)
		p.ping.Store(&payload)
		go func() { // what is written comes here, too
			p.writing.Lock()
			defer p.writing.Unlock()
			p.pong()
		}()
	}
	before := len(p.got.all)
	p.got.event(e)
	p.serverClosed.Store(p.got.closes())
	if n := len(p.got.all); n > before {
		select {
		case <-p.progress:
		default:
		}
		p.progress <- n
		p.order.answered(p, n)
	}
}

// read takes what the server sends.
func (p *player) read(late []byte) {
	defer close(p.ended)
	p.session.Write(codec.Server, time.Now(), late)
	for buf := make([]byte, bufferSize); ; {
		n, err := p.nc.Read(buf)
		p.session.Write(codec.Server, time.Now(), buf[:n])
		if err != nil {
			return
		}
	}
}

// send sends everything at its time, waits for answers that are missing, and closes.
func (p *player) send(ctx context.Context) error {
	for _, s := range p.recorded.Sent[codec.Client] {
		if leftOut(s) {
			continue
		}
		if gone, err := p.await(ctx, s.At); gone || err != nil {
			return err
		}
		if err := p.write(s.Bytes, s.Opcode == codec.OpClose, s.Ends); err != nil {
			if p.serverClosed.Load() {
				return nil // it has not waited for our Close frame
			}
			return fmt.Errorf("after %d frames: %w", p.sent, err)
		}
		p.order.done()
		if s.Ends {
			p.sent++
		}
	}
	missing := func(n int) bool {
		return n < len(p.want.all) || p.want.closes() && !p.serverClosed.Load()
	}
	if !p.command.Compare {
		missing = func(int) bool { return true } // nobody knows how many are to come
	}
	if gone, err := p.wait(ctx, p.command.Wait, missing); gone || err != nil || p.closed || p.serverClosed.Load() {
		return err
	}
	payload, err := codec.AppendClose(nil, codec.StatusNormalClosure, "")
	if err != nil {
		return err
	}
	p.closedFirst = true
	if err := p.write(wholeFrame(codec.Client, codec.OpClose, payload), true, true); err != nil {
		return nil // it has ended in its own way
	}
	_, err = p.wait(ctx, closeTimeout, func(int) bool { return true })
	return err
}

// await waits until what was recorded at a time is due, and the order has it done. gone
// says that nothing more can come.
func (p *player) await(ctx context.Context, at float64) (gone bool, err error) {
	if gone, err = p.wait(ctx, p.schedule.until(at), nil); gone || err != nil {
		return gone, err
	}
	for {
		select {
		case <-p.turn:
			return false, nil
		case <-time.After(p.command.Wait):
			p.order.hurry(p.command.Wait)
		case <-p.ended:
			return true, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// wait waits for a time d. With missing, it waits until no answer is missing, or none has
// come for a time d. gone says that nothing more can come.
func (p *player) wait(ctx context.Context, d time.Duration, missing func(n int) bool) (gone bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	progress, got := p.progress, 0
	if missing == nil {
		progress = nil
	} else if !missing(0) {
		return false, nil
	}
	for {
		select {
		case got = <-progress:
			if !missing(got) {
				return false, nil
			}
			timer.Reset(d)
		case <-timer.C:
			if missing == nil || got >= len(p.want.times) {
				return false, nil
			}
			// An answer may be to what another client is to send, or come by itself.
			due := p.schedule.until(p.want.times[got])
			if due <= 0 && !p.order.before(p.want.times[got]) {
				return false, nil
			}
			timer.Reset(max(due, 0) + d)
		case <-p.ended:
			return true, nil
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// write sends a part of a frame, and says whether it closes and whether the frame ends.
func (p *player) write(b []byte, closes, ends bool) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.closed, p.inside = p.closed || closes, !ends
	return cmp.Or(p.put(b), p.pong())
}

// pong answers the last Ping, if a frame may stand here. The caller holds writing.
func (p *player) pong() error {
	if p.inside || p.closed {
		return nil
	}
	if payload := p.ping.Swap(nil); payload != nil {
		return p.put(wholeFrame(codec.Client, codec.OpPong, *payload))
	}
	return nil
}

func (p *player) put(b []byte) error {
	p.session.Write(codec.Client, time.Now(), b)
	_, err := p.nc.Write(b)
	return err
}
