package transport

import "net"

// inner returns the connection below nc if nc has a method NetConn, as tls.Conn has, and
// nil otherwise. Wrappers with another method count as the innermost connection, for
// example those of go-proxyproto, which have Raw.
func inner(nc net.Conn) net.Conn {
	if outer, ok := nc.(interface{ NetConn() net.Conn }); ok {
		return outer.NetConn()
	}
	return nil
}

// innermost returns the connection below all layers of nc.
func innermost(nc net.Conn) net.Conn {
	for {
		below := inner(nc)
		if below == nil || below == nc {
			return nc
		}
		nc = below
	}
}

// CloseWrite closes only the sending direction, with the method CloseWrite of nc or of a
// layer below it. It returns false if there is no such method, or if it failed.
func CloseWrite(nc net.Conn) bool {
	for nc != nil {
		if half, ok := nc.(interface{ CloseWrite() error }); ok {
			return half.CloseWrite() == nil
		}
		below := inner(nc)
		if below == nc {
			return false
		}
		nc = below
	}
	return false
}
