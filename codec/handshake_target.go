package codec

// target holds the offsets of the parts of a request-target (RFC 9112 §3.2), relative to its
// first byte. In origin-form the authority is empty.
type target struct {
	authority, authorityEnd uint32
	path, pathEnd           uint32
	query                   uint32 // after "?"; the length of the target if there is no "?"
}

// parseTarget finds the parts of s, which must be shorter than 2 GiB. ok is false if s is
// neither in origin-form nor in absolute-form with the scheme http or https.
//
// Browsers send some characters unescaped that RFC 3986 requires to be escaped. parseTarget
// accepts all visible ASCII characters except "#", and in the query a "%" that is not
// followed by two hexadecimal digits.
func parseTarget[T text](s T) (t target, ok bool) {
	if !allIn(s, targetChar) {
		return target{}, false
	}
	path := 0
	if len(s) == 0 || s[0] != '/' {
		scheme := schemeLength(s)
		if scheme == 0 {
			return target{}, false
		}
		path = scheme
		for path < len(s) && s[path] != '/' && s[path] != '?' {
			path++
		}
		t.authority, t.authorityEnd = uint32(scheme), uint32(path)
		if !validHost(s[scheme:path]) {
			return target{}, false
		}
	}
	end := path
	for end < len(s) && s[end] != '?' {
		end++
	}
	if !validEscapes(s[path:end]) {
		return target{}, false
	}
	t.path, t.pathEnd = uint32(path), uint32(end)
	if path == end {
		// "an empty path component is equivalent to an absolute path of "/""
		// RFC 9110 §4.2.3: use the "/" before the authority.
		t.path, t.pathEnd = t.authority-1, t.authority
	}
	t.query = uint32(min(end+1, len(s)))
	return t, true
}

// schemeLength returns the length of the prefix "http://" or "https://" of s, or 0 if s has
// neither.
func schemeLength[T text](s T) int {
	for _, scheme := range [...]string{"http://", "https://"} {
		if len(s) >= len(scheme) && equalFold(s[:len(scheme)], scheme) {
			return len(scheme)
		}
	}
	return 0
}

// validEscapes reports whether two hexadecimal digits follow each "%".
func validEscapes[T text](s T) bool {
	for i := range len(s) {
		if s[i] == '%' && (len(s)-i < 3 || !allIn(s[i+1:i+3], hexChar)) {
			return false
		}
	}
	return true
}
