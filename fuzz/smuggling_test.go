package fuzz

import (
	"bytes"
	"regexp"
	"strings"
)

// Smuggling is when two readers of the same bytes see different requests in them: a
// proxy in front of this server, say, and the server. It takes something that one of
// them reads in one way and the other in another, and smuggles lists all that is known
// to be that. It reads the bytes by itself, line by line, and not as the codec does.

var (
	requestLine = regexp.MustCompile(`^[!#$%&'*+\-.^_|~0-9A-Za-z` + "`" + `]+ [!-~]+ HTTP/1\.[1-9]$`)
	fieldLine   = regexp.MustCompile(`^[!#$%&'*+\-.^_|~0-9A-Za-z` + "`" + `]+:`)
)

// smuggles returns what in head, which ends with an empty line, readers do not agree
// about, "" if nothing.
func smuggles(head []byte) string {
	text := strings.ReplaceAll(string(head), "\r\n", "\x00\n") // a NUL is now before the end of each line
	switch {
	case bytes.IndexByte(head, 0) >= 0:
		return "a NUL, which ends a string for some"
	case strings.Count(text, "\x00\n") != strings.Count(text, "\n"):
		return "a bare LF, which ends a line for some"
	case strings.Contains(text, "\r"):
		return "a bare CR, which ends a line for some, and is white space for others"
	}
	lines := strings.Split(strings.TrimSuffix(string(head), "\r\n\r\n"), "\r\n")
	if !requestLine.MatchString(lines[0]) {
		return "a request line that is not three words of visible characters, or of HTTP/1.0, which has no upgrade, and no Host for some"
	}
	target := strings.Fields(lines[0])[1]
	var hosts, lengths, codings []string
	for _, line := range lines[1:] {
		switch {
		case line == "":
			return "an empty line before the end"
		case line[0] == ' ' || line[0] == '\t':
			return "a line that continues another (obs-fold), or is one of its own"
		case !fieldLine.MatchString(line):
			return "a line without a name, or with white space in it or before its colon, which is part of the name for some"
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7F }) {
			return "a control character in a value"
		}
		switch strings.ToLower(name) {
		case "host":
			hosts = append(hosts, value)
		case "content-length":
			lengths = append(lengths, value)
		case "transfer-encoding":
			codings = append(codings, value)
		}
	}
	switch {
	case len(hosts) != 1:
		return "no Host, or two: the first one counts, or the last one"
	case strings.ContainsAny(hosts[0], " \t/\\@?#") || hosts[0] == "":
		return "a Host that names two, or something else than one"
	case len(codings) > 0:
		return "a Transfer-Encoding: beside a Content-Length one of the two counts, and alone it is a body"
	}
	for _, length := range lengths {
		if length != "0" {
			return "a body, which others may take for the next request, or two lengths that differ"
		}
	}
	return smugglesHost(target)
}

// smugglesHost is smuggles for the host in a request-target in absolute-form. It may
// differ from Host: "an origin server … MUST ignore the received Host header field (if
// any) and instead replace it with the host information of the request-target" RFC 9112
// §3.2.2. So all agree which one counts, as long as they agree on where it ends.
func smugglesHost(target string) string {
	if strings.HasPrefix(target, "/") {
		return ""
	}
	scheme, rest, found := strings.Cut(target, "://")
	if scheme = strings.ToLower(scheme); !found || scheme != "http" && scheme != "https" {
		return "a target that is neither a path nor a URL of http"
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority = rest[:end]
	}
	if authority == "" || strings.ContainsAny(authority, "@\\#%") {
		return "a URL whose host is not clear: with userinfo, or a backslash, or none"
	}
	return ""
}

// authority returns the host that counts: that of the target, if it has one.
func authority(target, host string) string {
	if _, rest, found := strings.Cut(target, "://"); found && !strings.HasPrefix(target, "/") {
		end := strings.IndexAny(rest+"/", "/?")
		return rest[:end]
	}
	return host
}
