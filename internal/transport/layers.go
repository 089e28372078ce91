package transport

import "net"

// inner returns the connection below nc, as tls.Conn and wrappers for the PROXY
// protocol tell it; nil for none.
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

// CloseWrite closes the sending direction alone. It reports whether that is possible:
// nc or a layer below it has a method CloseWrite.
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
