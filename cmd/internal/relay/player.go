package relay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/cmd/internal/recording"
	"github.com/zerowire/websocket/cmd/internal/trace"
	"github.com/zerowire/websocket/codec"
)

// player sends one recorded connection again. The goroutine of the replay writes, and
// then the one that finishes; another one reads.
type player struct {
	*replay
	recorded *recording.Connection
	show     func(trace.Event)
	left     int  // steps
	done     bool // no further step is done

	nc      *reach.Conn
	session *trace.Session
	want    *answers
	got     answers // the reader's, until ended

	answered     atomic.Int64  // answers that have come
	serverClosed atomic.Bool   // the server's Close frame has come
	progress     chan struct{} // holds a value when an answer has come
	ended        chan struct{} // closed when nothing more comes
	sent         int           // frames

	writing sync.Mutex             // held while something is written, and for the fields below
	inside  bool                   // of a frame
	closed  bool                   // a Close frame was sent
	ping    atomic.Pointer[[]byte] // payload of the last Ping that was not answered; RFC 6455 §5.5.3 allows to leave out others

	closedFirst bool // no Close frame was recorded, and another one was sent
}

// gone reports whether nothing more comes.
func (p *player) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// do does a step: sent, or the opening handshake.
func (p *player) do(ctx context.Context, sent *recording.Sending) error {
	if sent == nil {
		err := p.open(ctx)
		if err != nil {
			close(p.ended)
		}
		return err
	}
	if err := p.write(sent.Bytes, sent.Opcode == codec.OpClose, sent.Ends); err != nil {
		if p.serverClosed.Load() {
			<-p.ended // it has not waited for our Close frame
			return nil
		}
		return fmt.Errorf("after %d frames: %w", p.sent, err)
	}
	if sent.Ends {
		p.sent++
	}
	return nil
}

// finish ends the connection, prints how it went, and reports whether that is as it was
// recorded. err is what has kept a step from being done.
func (p *player) finish(ctx context.Context, err error) bool {
	if err == nil {
		err = p.end(ctx)
	}
	if p.nc != nil {
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

// open connects, and does the opening handshake.
func (p *player) open(ctx context.Context) error {
	if p.recorded.Heads[codec.Client] == nil {
		return errors.New("the recording lacks the client's opening handshake")
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	nc, err := p.to.dial(ctx)
	if err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	p.nc = reach.NewConn(nc, nil)
	if err := p.handshake(ctx); err != nil {
		nc.Close()
		return fmt.Errorf("opening handshake: %w", err)
	}
	go p.read()
	return nil
}

// handshake asks as the recorded client did.
func (p *player) handshake(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { p.nc.SetDeadline(time.Now()) })()
	var request codec.Request
	if _, err := request.Parse(p.recorded.Heads[codec.Client]); err != nil {
		return fmt.Errorf("the recorded request: %w", err)
	}
	p.session = trace.NewSession(true, recording.WholeMessages, p.event)
	p.session.Strict()
	head := p.to.request(&request)
	p.session.Write(codec.Client, time.Now(), head)
	if _, err := p.nc.Write(head); err != nil {
		return err
	}
	var response codec.Response
	for status := 0; status/100 < 2 && status != 101; status = response.Status() {
		response.Reset()
		head, err := p.nc.ReadHead(response.Parse)
		if err != nil {
			return err
		}
		p.session.Write(codec.Server, time.Now(), head)
	}
	if response.Status() != 101 {
		return fmt.Errorf("the server answers %d %s", response.Status(), response.Reason())
	}
	return p.sameExtensions(&response)
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
	p.show(e)
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
	p.got.event(e)
	p.serverClosed.Store(p.got.closes())
	if p.answered.Swap(int64(len(p.got.all))) < int64(len(p.got.all)) {
		signal(p.progress)
		signal(p.replay.progress)
	}
}

// read takes what the server sends.
func (p *player) read() {
	defer signal(p.replay.progress)
	defer close(p.ended)
	for buf := make([]byte, bufferSize); ; {
		n, err := p.nc.Read(buf)
		p.session.Write(codec.Server, time.Now(), buf[:n])
		if err != nil {
			return
		}
	}
}

// end waits for answers that are missing, and closes.
func (p *player) end(ctx context.Context) error {
	missing := func() bool {
		return int(p.answered.Load()) < len(p.want.all) || p.want.closes() && !p.serverClosed.Load()
	}
	always := func() bool { return true }
	if !p.command.Compare {
		missing = always // nobody knows how many are to come
	}
	if err := p.wait(ctx, p.command.Wait, missing); err != nil || p.closed || p.serverClosed.Load() || p.gone() {
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
	return p.wait(ctx, closeTimeout, always)
}

// wait waits until no answer is missing, or none has come for a time d, or the connection
// has ended.
func (p *player) wait(ctx context.Context, d time.Duration, missing func() bool) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for missing() {
		select {
		case <-p.progress:
			timer.Reset(d)
		case <-timer.C:
			got := int(p.answered.Load())
			if got >= len(p.want.times) {
				return nil
			}
			// An answer may be to what another client is to send, or come by itself.
			due := p.schedule.until(p.want.times[got])
			if due <= 0 && !p.before(p.want.times[got]) {
				return nil
			}
			timer.Reset(max(due, 0) + d)
		case <-p.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
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
