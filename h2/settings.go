package h2

import (
	"bytes"
	"context"
	"fmt"
	"net"

	"golang.org/x/net/http2"
)

// largestFrame is the size of the largest DATA frame that is sent, in bytes. Every server must
// allow it. A larger value would waste memory: x/net/http2 keeps a buffer of the size that the
// server allows for each open stream, and servers of net/http allow 1 MiB.
const largestFrame = 16 << 10

// settingsConn is an HTTP/2 connection that inspects the first frame of the server, SETTINGS
// (RFC 9113 §3.4), before x/net/http2 reads it. The frame reports whether WebSockets are
// allowed, which x/net/http2 does not export. settingsConn lowers SETTINGS_MAX_FRAME_SIZE in
// the frame to largestFrame.
type settingsConn struct {
	net.Conn
	begun   bool          // Read was called
	rest    []byte        // part of the first frame that Read has not returned
	applied chan struct{} // closed when x/net/http2 has processed the frame, or err is set

	// Set before applied is closed.
	connect bool // SETTINGS_ENABLE_CONNECT_PROTOCOL is 1
	err     error
}

func newSettingsConn(nc net.Conn) *settingsConn {
	return &settingsConn{Conn: nc, applied: make(chan struct{})}
}

// Read reads from the connection. It must not be called concurrently.
func (c *settingsConn) Read(p []byte) (int, error) {
	if !c.begun {
		c.begun = true
		c.err = c.first()
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
	}
	select {
	case <-c.applied:
	default:
		close(c.applied) // x/net/http2 reads on when it has processed the frame
	}
	if c.err != nil {
		return 0, c.err
	}
	return c.Conn.Read(p)
}

// first reads the first frame.
func (c *settingsConn) first() error {
	var out bytes.Buffer
	frames := http2.NewFramer(&out, c.Conn)
	frames.SetMaxReadFrameSize(largestFrame)
	frame, err := frames.ReadFrame()
	if err != nil {
		return fmt.Errorf("the server's SETTINGS: %w", err)
	}
	settings, ok := frame.(*http2.SettingsFrame)
	if !ok || settings.IsAck() {
		return fmt.Errorf("the server's first frame is %v, not SETTINGS", frame.Header())
	}
	var pass []http2.Setting
	settings.ForeachSetting(func(s http2.Setting) error {
		switch s.ID {
		case http2.SettingEnableConnectProtocol:
			c.connect = s.Val == 1
		case http2.SettingMaxFrameSize:
			if s.Valid() == nil {
				s.Val = min(s.Val, largestFrame)
			}
		}
		pass = append(pass, s)
		return nil
	})
	err = frames.WriteSettings(pass...)
	c.rest = out.Bytes()
	return err
}

// wait waits until x/net/http2 has applied the settings, including the number of streams that
// the server allows. The error is ErrNotSupported if they do not allow
// WebSockets.
func (c *settingsConn) wait(ctx context.Context) error {
	select {
	case <-c.applied:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.err == nil && !c.connect {
		return ErrNotSupported
	}
	return c.err
}
