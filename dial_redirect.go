package websocket

import (
	"fmt"
	"net/http"
)

// redirects reports whether a response is a redirect that the caller wants to be followed.
func (d *dialing) redirects(refused *HandshakeError) bool {
	switch refused.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return refused.Proxy == "" && d.opts.MaxRedirects != 0 && refused.Header.Get("Location") != ""
	}
	return false
}

// follow makes the place that a response redirects to the next endpoint. It
// returns false, and says why in refused, if it may not be.
func (d *dialing) follow(refused *HandshakeError) bool {
	if d.followed == d.opts.MaxRedirects {
		refused.Reason = fmt.Sprintf("redirected more than %d times", d.followed)
		return false
	}
	d.followed++
	next, err := d.to.resolve(refused.Header.Get("Location"))
	if err != nil {
		refused.Reason = "redirected to a URL that is not followed: " + err.Error()
		return false
	}
	if !next.sameHost(d.to) {
		d.forgetSecrets()
	}
	d.to = next
	return true
}

// forgetSecrets drops, for good, what the caller meant for one host only.
func (d *dialing) forgetSecrets() {
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		d.opts.Header.Del(name)
	}
	d.opts.Host = ""
	if d.opts.TLSConfig != nil {
		d.opts.TLSConfig = d.opts.TLSConfig.Clone()
		d.opts.TLSConfig.ServerName = ""
	}
}
