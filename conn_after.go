package websocket

// AfterClose has f called once, when the connection has ended: its TCP connection
// is closed, by this endpoint or because the peer has gone. It is for tables in
// which connections are registered, in either form of using one. f is called by
// whichever goroutine closes the connection, and must not wait; if it has ended
// already, by AfterClose itself. It cannot be undone.
func (c *Conn) AfterClose(f func()) {
	if !c.addEnding(f) {
		f()
	}
}

// addEnding puts f behind what is called when the connection has ended. It returns
// false if that is so, or nothing can be sent any more, which leads there. cut
// locks the writer before it looks for what to call, and leaves an error there.
func (c *Conn) addEnding(f func()) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.err != nil {
		return false
	}
	before := c.end.after
	c.end.after = func() {
		if before != nil {
			before()
		}
		f()
	}
	return true
}
