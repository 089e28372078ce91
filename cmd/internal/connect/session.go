package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zerowire/websocket"
	"github.com/zerowire/websocket/cmd/internal/bridge"
	"github.com/zerowire/websocket/cmd/internal/reach"
	"github.com/zerowire/websocket/reconnect"
)

// session is a connection with what it is shown with. It is the connection's
// Handler, so that messages are received until the very end of the closing
// handshake.
type session struct {
	current atomic.Pointer[websocket.Conn] // nil between two connections
	client  *reconnect.Client              // nil without --reconnect
	giveUp  context.CancelFunc             // ends the client
	run     func() error                   // receives, and returns what has ended the last connection
	last    error                          // what ended a connection that this end closed

	view view
	out  *output

	open    sync.Once
	opened  chan struct{} // closed when the connection's messages come here
	started time.Time
	heard   atomic.Int64  // when something of a message last came, as a time.Duration since started
	asked   atomic.Int64  // when a message was last sent, in the same way
	said    atomic.Uint32 // the status code of the Close frame that this end began to close with; 0 for none
}

func newSession(view view, out *output) *session {
	s := &session{view: view, out: out, started: time.Now(), opened: make(chan struct{})}
	s.run = func() error { return s.current.Load().Serve(s) }
	return s
}

// Open says that messages come here.
func (s *session) Open(*websocket.Conn) { s.open.Do(func() { close(s.opened) }) }

// Message shows a message.
func (s *session) Message(_ *websocket.Conn, op websocket.Opcode, p []byte) {
	s.hear()
	s.out.print(s.out.messages, s.view.message(op, p))
}

// hear notes that something of a message has come.
func (s *session) hear() { s.heard.Store(int64(time.Since(s.started))) }

// ask notes that a message is sent.
func (s *session) ask() { s.asked.Store(int64(time.Since(s.started))) }

// answered reports whether something of a message has come since one was sent.
func (s *session) answered() bool { return s.heard.Load() > s.asked.Load() }

// silence returns for how long nothing of a message has come.
func (s *session) silence() time.Duration {
	return time.Since(s.started) - time.Duration(s.heard.Load())
}

// Close does nothing: Serve returns the same error.
func (s *session) Close(*websocket.Conn, error) {}

// write sends a message, or queues it until there is a connection again.
func (s *session) write(ctx context.Context, op websocket.Opcode, p []byte) error {
	if s.client != nil {
		return s.client.Write(ctx, op, p)
	}
	return s.current.Load().Write(ctx, op, p)
}

// receive shows what comes, and sends on the channel that it returns what has ended
// the connection.
func (s *session) receive() <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- s.run() }()
	if s.client == nil {
		<-s.opened
	}
	return ended
}

// close begins the closing handshake, if that has not begun. An error says what is
// wrong with code or reason.
func (s *session) close(code websocket.StatusCode, reason string) error {
	first := s.said.CompareAndSwap(0, uint32(code))
	conn := s.current.Load()
	if conn == nil {
		s.giveUp()
		return nil
	}
	err := conn.Close(code, reason)
	if err != nil && first {
		s.said.Store(0)
	}
	return err
}

// outcome says what it means that err has ended the connection: nil if that was in
// order, with a word about it for somebody at a prompt.
func (s *session) outcome(err error) error {
	said := websocket.StatusCode(s.said.Load())
	closed, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || closed.Err != nil {
		return broken(err, said)
	}
	text := ending(closed, said)
	if closed.Code != said && !bridge.InOrder(closed.Code) {
		return errors.New(text)
	}
	if s.view.marked {
		s.out.notice("%s", text)
	}
	return nil
}

// broken explains the end of a connection on which the server sent no Close frame.
// said is the code in ours, 0 if there was none.
func broken(err error, said websocket.StatusCode) error {
	switch code := websocket.CloseStatus(err); {
	case said != 0 && errors.Is(err, websocket.ErrTimeout):
		return errors.New("the server did not answer the Close frame in time")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection ended without a Close frame (1006)")
	case code == websocket.StatusMessageTooBig:
		return fmt.Errorf("closed with %s: %w: a larger --max-message takes it", statusName(code), reach.Plain(err))
	case code != websocket.StatusAbnormalClosure:
		return fmt.Errorf("closed with %s: %w", statusName(code), reach.Plain(err))
	}
	return fmt.Errorf("the connection broke (1006): %w", reach.Plain(err))
}

// ending is how the connection was closed, in words. said is the code that this end
// began with, 0 if it did not begin.
func ending(e *websocket.CloseError, said websocket.StatusCode) string {
	text := "closed by the server: "
	if said != 0 {
		text = "closed: "
	}
	text += statusName(e.Code)
	if e.Reason != "" {
		text += fmt.Sprintf(": %q", e.Reason)
	}
	return text
}

// statusName is a status code with its name, if it has one.
func statusName(code websocket.StatusCode) string {
	if code >= 3000 {
		return fmt.Sprint(uint16(code))
	}
	return fmt.Sprintf("%d %s", uint16(code), code)
}
