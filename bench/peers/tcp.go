package peers

import "net"

// serveTCP is what the others are measured against: the plain Go TCP echo, with
// one goroutine and one buffer of 64 KiB per connection.
func serveTCP(ln net.Listener, s Settings) func(p []byte) {
	conns := newRoster[net.Conn](s)
	go accept(ln, func(nc net.Conn) {
		defer nc.Close()
		conns.add(nc)
		buf := make([]byte, 64<<10)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			if _, err := nc.Write(buf[:n]); err != nil {
				return
			}
		}
	})
	return publisher(conns, plain, func(nc net.Conn, p []byte) { nc.Write(p) })
}
