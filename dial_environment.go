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
// for none. It is the default of [DialOptions].Proxy. It may be called concurrently.
//
// It follows [http.ProxyFromEnvironment]: HTTP_PROXY applies to ws, HTTPS_PROXY to wss, and
// NO_PROXY lists hosts that are reached without a proxy. Localhost and loopback addresses
// never use a proxy. ALL_PROXY applies if the variable of the scheme is not set. Names in
// lower case are valid, too. The error reports a value that is not the URL of a proxy. It
// does not contain the value, which may hold a password.
func ProxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, _, err := proxyFromEnvironment(r)
	return proxy, err
}

// proxyFromEnvironment is [ProxyFromEnvironment]. It also returns the name of the variable.
func proxyFromEnvironment(r *http.Request) (u *url.URL, variable string, err error) {
	variable, value := environment(strings.ToUpper(r.URL.Scheme) + "_PROXY")
	ofScheme := value != ""
	if !ofScheme {
		variable, value = environment("ALL_PROXY")
	}
	if _, list := environment("NO_PROXY"); value == "" || excludes(list, r.URL.Hostname(), portOf(r.URL)) {
		return nil, "", nil
	}
	// net/http ignores an invalid value, or makes a URL with the host "http" of it.
	if u, err = parseProxy(value); err != nil {
		return nil, variable, fmt.Errorf("proxy from %s: %w", variable, err)
	}
	if ofScheme {
		u, err = http.ProxyFromEnvironment(r)
	}
	return u, variable, err
}

// parseProxy parses the value of a variable: a URL, or an address, which means http.
func parseProxy(value string) (*url.URL, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return nil, errNoProxyURL
	}
	return u, nil
}

// errNoProxyURL reports a variable whose value is not the URL of a proxy.
var errNoProxyURL = errors.New("not the URL of a proxy: want one such as http://proxy.example:3128 or socks5://localhost:1080")

// environment returns the variable name, or name in lower case, and its value. value is
// empty if neither is set.
func environment(name string) (variable, value string) {
	for _, variable := range []string{name, strings.ToLower(name)} {
		if value := os.Getenv(variable); value != "" {
			return variable, value
		}
	}
	return "", ""
}

// excludes reports whether list excludes host and port from the use of a proxy. list is the
// value of NO_PROXY, in the syntax of net/http.
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

// entryMatches reports whether an entry of NO_PROXY matches host and port. ip is the host
// if host is an address, and invalid otherwise.
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
		return strings.HasSuffix(host, entry) // the subdomains
	}
	return host == entry || strings.HasSuffix(host, "."+entry)
}
