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

// maxLayers limits the number of layers that are looked through: a method NetConn may
// return its own connection. Connections are not compared, because a net.Conn need not be
// comparable.
const maxLayers = 16

// innermost returns the connection below all layers of nc.
func innermost(nc net.Conn) net.Conn {
	for range maxLayers {
		below := inner(nc)
		if below == nil {
			break
		}
		nc = below
	}
	return nc
}

// CloseWrite closes only the sending direction, with the method CloseWrite of nc or of a
// layer below it. It returns false if there is no such method, or if it failed.
func CloseWrite(nc net.Conn) bool {
	for range maxLayers {
		if half, ok := nc.(interface{ CloseWrite() error }); ok {
			return half.CloseWrite() == nil
		}
		if nc = inner(nc); nc == nil {
			return false
		}
	}
	return false
}
