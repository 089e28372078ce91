package websocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
)

// SOCKS5 (RFC 1928) with username and password authentication (RFC 1929).
const (
	socksVersion     = 5
	socksNoAuth      = 0
	socksPassword    = 2
	socksAuthVersion = 1
	socksConnect     = 1
	socksIPv4        = 1
	socksName        = 3
	socksIPv6        = 4
)

// socksReplies are the reasons of a proxy's refusal (RFC 1928 §6).
var socksReplies = [...]string{
	1: "general failure",
	2: "connection not allowed by its rules",
	3: "network unreachable",
	4: "host unreachable",
	5: "connection refused",
	6: "time to live expired",
	7: "command not supported",
	8: "address type not supported",
}

var errSOCKS = errors.New("not an answer of a SOCKS5 proxy")

// connectSOCKS requests a connection to e from the SOCKS5 proxy at the other end of nc. The
// proxy resolves the name. connectSOCKS reads no byte that e has sent.
func connectSOCKS(nc net.Conn, user *url.Userinfo, e *endpoint) error {
	if err := signIn(nc, user); err != nil {
		return err
	}
	request := appendSOCKSAddress([]byte{socksVersion, socksConnect, 0}, e)
	if err := writeAll(nc, request); err != nil {
		return err
	}
	var reply [4]byte // version, reply, 0, type of the next address
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	if reply[0] != socksVersion {
		return errSOCKS
	}
	if code := int(reply[1]); code != 0 {
		if code < len(socksReplies) {
			return errors.New("refused: " + socksReplies[code])
		}
		return fmt.Errorf("refused: reply %d", code)
	}
	return skipSOCKSAddress(nc, reply[3])
}

// signIn negotiates the authentication method with the proxy and authenticates.
func signIn(nc net.Conn, user *url.Userinfo) error {
	greeting := []byte{socksVersion, 1, socksNoAuth}
	if user != nil {
		greeting = []byte{socksVersion, 2, socksNoAuth, socksPassword}
	}
	if err := writeAll(nc, greeting); err != nil {
		return err
	}
	var reply [2]byte // version, then the chosen method or the status
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	switch {
	case reply[0] != socksVersion:
		return errSOCKS
	case reply[1] == socksNoAuth:
		return nil
	case reply[1] != socksPassword || user == nil:
		return errors.New("no acceptable SOCKS5 authentication method")
	}
	name := user.Username()
	password, _ := user.Password()
	if len(name) == 0 || len(name) > 255 || len(password) == 0 || len(password) > 255 {
		return errors.New("user and password have 1 to 255 bytes each (RFC 1929)")
	}
	request := append([]byte{socksAuthVersion, byte(len(name))}, name...)
	request = append(append(request, byte(len(password))), password...)
	if err := writeAll(nc, request); err != nil {
		return err
	}
	if _, err := io.ReadFull(nc, reply[:]); err != nil {
		return err
	}
	if reply[1] != 0 {
		return errors.New("refused: wrong user or password")
	}
	return nil
}

// appendSOCKSAddress appends the type of e's address, its host and its port.
func appendSOCKSAddress(dst []byte, e *endpoint) []byte {
	host := e.hostname()
	if ip, err := netip.ParseAddr(host); err != nil {
		dst = append(dst, socksName, byte(len(host)))
		dst = append(dst, host...)
	} else if ip.Is4() {
		dst = append(dst, socksIPv4)
		dst = append(dst, ip.AsSlice()...)
	} else {
		dst = append(dst, socksIPv6)
		dst = append(dst, ip.AsSlice()...)
	}
	port, _ := strconv.Atoi(e.port()) // newEndpoint has checked it
	return append(dst, byte(port>>8), byte(port))
}

// skipSOCKSAddress reads the address from which the proxy connects, and no byte after it.
func skipSOCKSAddress(nc net.Conn, kind byte) error {
	var n [1]byte
	switch kind {
	case socksIPv4:
		n[0] = 4
	case socksIPv6:
		n[0] = 16
	case socksName:
		if _, err := io.ReadFull(nc, n[:]); err != nil {
			return err
		}
	default:
		return errSOCKS
	}
	var address [255 + 2]byte
	_, err := io.ReadFull(nc, address[:int(n[0])+2])
	return err
}
