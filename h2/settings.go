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
	rest []byte        // part of the first frame that Read has not returned
	seen chan struct{} // closed when the frame has arrived or err is set

	// Set before seen is closed.
	connect bool // SETTINGS_ENABLE_CONNECT_PROTOCOL is 1
	err     error
}

func newSettingsConn(nc net.Conn) *settingsConn {
	return &settingsConn{Conn: nc, seen: make(chan struct{})}
}

// Read reads from the connection. It must not be called concurrently.
func (c *settingsConn) Read(p []byte) (int, error) {
	select {
	case <-c.seen:
	default:
		c.err = c.first()
		close(c.seen)
	}
	if c.err != nil {
		return 0, c.err
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		return n, nil
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

// wait waits for the settings. The error is ErrNotSupported if they do not allow
// WebSockets.
func (c *settingsConn) wait(ctx context.Context) error {
	select {
	case <-c.seen:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if c.err == nil && !c.connect {
		return ErrNotSupported
	}
	return c.err
}
