package load

import (
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const canTakeOver = true

// takeOver returns a descriptor of nc's socket that the runtime's poller does not
// know. nc may be closed.
func takeOver(nc net.Conn) (fd int, err error) {
	socket, ok := nc.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("%w: %T", errNotDirect, nc)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	failed := raw.Control(func(own uintptr) {
		fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0)
	})
	if failed != nil {
		err = failed
	}
	return fd, os.NewSyscallError("fcntl", err)
}

func closeSocket(fd int) { unix.Close(fd) }

// socket is a connection that was taken over.
type socket struct {
	stream
	worker *worker
	fd     int    // -1 when it has ended
	early  []byte // what came behind the opening handshake
	busy   bool   // the socket takes no more at present

	// What is being sent: message wrote, from its byte wroteBytes on, up to the one
	// before sent.
	wrote      int64
	wroteBytes int
}

// receive reads until nothing is left, and checks what came.
func (c *socket) receive() error {
	w := c.worker
	for {
		n, err := unix.Read(c.fd, w.buf)
		switch {
		case err == unix.EAGAIN:
			return nil
		case err == unix.EINTR:
			continue
		case err != nil:
			return os.NewSyscallError("read", err)
		case n == 0:
			return errEnded
		}
		w.tally.now = w.now()
		if err := c.feed(w.buf[:n], w.tally); err != nil || n < len(w.buf) {
			return err
		}
	}
}

// step goes on after err, nil if all is well: it sends what may be sent now.
func (c *socket) step(now int64, err error) {
	if c.fd < 0 {
		return
	}
	if err == nil {
		c.worker.fill(&c.window, now)
		err = c.flush()
	}
	if err != nil {
		c.end(err)
	}
}

func (c *socket) push(now int64)      { c.step(now, nil) }
func (c *socket) idle(now int64) bool { return c.fd < 0 || c.worker.settled(&c.window, now) }

func (c *socket) watch(now int64) {
	if c.fd >= 0 && c.silent(now, int64(c.worker.plan.timeout)) {
		c.end(errSilent)
	}
}

// end closes the socket because of err.
func (c *socket) end(err error) {
	w := c.worker
	if !w.parting {
		c.window.end(err, w.tally)
	}
	_ = c.flush() // the answer to a Close frame, if it still goes
	unix.Close(c.fd)
	c.fd = -1
	w.live.Add(-1)
}

// flush sends what is to be sent, as far as the socket takes it.
func (c *socket) flush() error {
	for !c.busy {
		p := c.outgoing()
		if len(p) == 0 {
			return nil
		}
		n, err := unix.Write(c.fd, p)
		switch {
		case err == unix.EAGAIN:
			c.busy = true
		case err == unix.EINTR:
		case err != nil:
			return os.NewSyscallError("write", err)
		default:
			c.took(n)
		}
	}
	return nil
}

// outgoing returns what is to be sent next: control frames go between messages.
func (c *socket) outgoing() []byte {
	if c.wroteBytes == 0 && len(c.control) > 0 {
		return c.control
	}
	if c.wrote == c.sent {
		return nil
	}
	first := c.place(c.wrote)
	last := min(first+int(c.sent-c.wrote), c.script.count)
	if len(c.control) > 0 {
		last = first + 1
	}
	return c.script.out[c.script.outAt[first]+c.wroteBytes : c.script.outAt[last]]
}

// took notes that n bytes of outgoing were sent.
func (c *socket) took(n int) {
	if c.wroteBytes == 0 && len(c.control) > 0 {
		c.control = c.control[:copy(c.control, c.control[n:])]
		return
	}
	i := c.place(c.wrote)
	for c.wroteBytes += n; c.wroteBytes > 0; i++ {
		frame := c.script.outAt[i+1] - c.script.outAt[i]
		if c.wroteBytes < frame {
			return
		}
		c.wroteBytes -= frame
		c.wrote++
	}
}
