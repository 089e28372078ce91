package reach

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// ListenHelp is what the help of --listen says about its argument.
const ListenHelp = "HOST:PORT, where port 0 picks a free one; unix:PATH for a unix socket; systemd for the socket that systemd has opened"

// CheckListen returns what is wrong with the argument of --listen.
func CheckListen(addr string) error {
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		return fmt.Errorf("--listen %s is a port without a host: want 127.0.0.1:%s, or :%s for all interfaces", addr, addr, addr)
	}
	if path, ok := strings.CutPrefix(addr, "unix:"); ok && path == "" {
		return errors.New("--listen unix: has no path: want unix:/run/zerowire.sock")
	}
	return nil
}

// Listen listens on addr, the argument of --listen. The caller owns the listener. One
// for unix:PATH takes the place of a socket there that no process listens on, and
// removes its own when it is closed.
func Listen(addr string) (net.Listener, error) {
	if err := CheckListen(addr); err != nil {
		return nil, err
	}
	if addr == "systemd" {
		return inherited()
	}
	network := "tcp"
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
		removeStale(path)
	}
	ln, err := net.Listen(network, addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && network == "unix":
		err = fmt.Errorf("--listen unix:%s: a process listens there already: end it, or choose another path", addr)
	case errors.Is(err, syscall.EADDRINUSE):
		err = fmt.Errorf("--listen %s: the port is taken by another process: end it, or choose another port; 0 picks a free one", addr)
	case errors.Is(err, syscall.EACCES) && network == "tcp":
		err = fmt.Errorf("--listen %s: ports below 1024 need a privilege: choose another port", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		err = fmt.Errorf("--listen %s: this machine does not have the address", addr)
	case err != nil:
		err = fmt.Errorf("--listen: %w", err)
	}
	return ln, err
}

// removeStale removes a unix socket that no process listens on.
func removeStale(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	nc, err := net.Dial("unix", path)
	if err == nil {
		nc.Close()
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		os.Remove(path)
	}
}

// inherited returns the socket of systemd's socket activation (sd_listen_fds(3)).
func inherited() (net.Listener, error) {
	listeners, err := activation.Listeners()
	switch {
	case err != nil:
		return nil, fmt.Errorf("--listen systemd: %w", err)
	case len(listeners) != 1 || listeners[0] == nil:
		return nil, fmt.Errorf("--listen systemd: %d sockets were passed, want one: start the service through a systemd .socket unit with one ListenStream=", len(listeners))
	}
	return listeners[0], nil
}
