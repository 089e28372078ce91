package websocket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// ProxyFromEnvironment returns the proxy that the environment names for a request, or nil
// for none. It is the default of DialOptions.Proxy.
//
// The proxy is that of http.ProxyFromEnvironment: HTTP_PROXY for ws, HTTPS_PROXY for wss.
// If the variable is not set, ALL_PROXY applies to both. NO_PROXY lists the hosts that are
// reached without a proxy, as there; localhost and loopback addresses always are. Names in
// lower case are valid, too. The error reports a value that is not the URL of a proxy; it
// does not contain the value, which may hold a password.
func ProxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, _, err := proxyFromEnvironment(r)
	return proxy, err
}

// proxyFromEnvironment returns also the variable that names the proxy.
func proxyFromEnvironment(r *http.Request) (u *url.URL, variable string, err error) {
	variable, value := environment(strings.ToUpper(r.URL.Scheme) + "_PROXY")
	if value != "" {
		u, err = http.ProxyFromEnvironment(r) // nil if NO_PROXY excludes the host
		return u, variable, err
	}
	variable, value = environment("ALL_PROXY")
	if _, list := environment("NO_PROXY"); value == "" || excludes(list, r.URL.Hostname(), portOf(r.URL)) {
		return nil, "", nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	if u, err = url.Parse(value); err != nil || u.Host == "" {
		return nil, variable, fmt.Errorf("proxy from %s: %w", variable, errNoProxyURL)
	}
	return u, variable, nil
}

// errNoProxyURL reports the value of a variable.
var errNoProxyURL = errors.New("not the URL of a proxy: want one such as http://proxy.example:3128 or socks5://localhost:1080")

// environment returns a variable that is set, with the given name or that in lower case,
// and its value; value is empty if none is set.
func environment(name string) (variable, value string) {
	for _, variable := range []string{name, strings.ToLower(name)} {
		if value := os.Getenv(variable); value != "" {
			return variable, value
		}
	}
	return "", ""
}

// excludes reports whether no proxy is to be used for host and port. list is the value of
// NO_PROXY; its syntax is that of net/http.
func excludes(list, host, port string) bool {
	host = strings.ToLower(host)
	ip, err := netip.ParseAddr(host)
	if ip = ip.Unmap().WithZone(""); host == "localhost" || err == nil && ip.IsLoopback() {
		return true
	}
	for entry := range strings.SplitSeq(strings.ToLower(list), ",") {
		if entryMatches(strings.TrimSpace(entry), host, port, ip) {
			return true
		}
	}
	return false
}

// entryMatches reports whether an entry of NO_PROXY is for host and port. ip is the host
// if that is an address, and otherwise invalid.
func entryMatches(entry, host, port string, ip netip.Addr) bool {
	if entry == "*" {
		return true
	}
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		return prefix.Contains(ip)
	}
	if name, only, err := net.SplitHostPort(entry); err == nil {
		if entry = name; only != "" && only != port {
			return false
		}
	}
	if addr, err := netip.ParseAddr(entry); err == nil {
		return addr.Unmap() == ip
	}
	if entry == "" || ip.IsValid() {
		return false
	}
	if entry = strings.TrimPrefix(entry, "*"); entry[0] == '.' {
		return strings.HasSuffix(host, entry) // names below
	}
	return host == entry || strings.HasSuffix(host, "."+entry)
}
