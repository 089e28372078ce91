package websocket

import (
	"fmt"
	"net/http"
)

// redirects reports whether a response is a redirect and redirects are enabled.
func (d *dialing) redirects(refused *HandshakeError) bool {
	switch refused.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return refused.Proxy == "" && d.opts.MaxRedirects != 0 && refused.Header.Get("Location") != ""
	}
	return false
}

// follow sets the endpoint to the target of a redirect. If the redirect must not be
// followed, it returns false and sets refused.Reason.
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

// forgetSecrets removes the settings that apply to one host only, for all later requests.
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
