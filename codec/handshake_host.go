package codec

// validHost reports whether s is uri-host [ ":" port ] (RFC 9110 §7.2) with a non-empty host.
// It refuses escapes in a name: ASCII names need none, and names in other scripts are sent as
// A-labels.
func validHost[T text](s T) bool {
	end := 0
	if len(s) > 0 && s[0] == '[' {
		for end < len(s) && s[end] != ']' {
			end++
		}
		if end == len(s) || !validIPv6(s[1:end]) {
			return false
		}
		end++
	} else {
		for end < len(s) && class[s[end]]&hostChar != 0 {
			end++
		}
	}
	return end > 0 && (end == len(s) || s[end] == ':' && validPort(s[end+1:]))
}

// validPort reports whether s is empty (RFC 3986 §3.2.3) or a decimal number below 65536.
func validPort[T text](s T) bool {
	port := 0
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
		if port = port*10 + int(s[i]-'0'); port > 65535 {
			return false
		}
	}
	return true
}

// validIPv6 reports whether s is an IPv6address (RFC 3986 §3.2.2): eight groups of up to four
// hexadecimal digits. The last two groups may have the form of IPv4. "::" may replace one run
// of groups. A zone is refused, because it has no meaning for the other end.
func validIPv6[T text](s T) bool {
	groups, elided := 0, false
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		elided, s = true, s[2:]
	}
	for len(s) > 0 {
		end := 0
		for end < len(s) && class[s[end]]&hexChar != 0 {
			end++
		}
		if end < len(s) && s[end] == '.' {
			return validIPv4(s) && fills(groups+2, elided)
		}
		groups++
		if end == 0 || end > 4 {
			return false
		}
		if s = s[end:]; len(s) == 0 {
			break
		}
		if s[0] != ':' || len(s) == 1 {
			return false
		}
		if s = s[1:]; s[0] == ':' {
			if elided {
				return false
			}
			elided, s = true, s[1:]
		}
	}
	return fills(groups, elided)
}

// fills reports whether the number of groups is right: eight, or fewer with "::".
func fills(groups int, elided bool) bool {
	if elided {
		return groups < 8
	}
	return groups == 8
}

// validIPv4 reports whether s is an IPv4address (RFC 3986 §3.2.2): four decimal
// numbers below 256 without leading zeros.
func validIPv4[T text](s T) bool {
	for octet := 0; ; octet++ {
		end, n := 0, 0
		for end < len(s) && end < 3 && isDigit(s[end]) {
			n = n*10 + int(s[end]-'0')
			end++
		}
		if end == 0 || n > 255 || end > 1 && s[0] == '0' {
			return false
		}
		if s = s[end:]; octet == 3 {
			return len(s) == 0
		}
		if len(s) == 0 || s[0] != '.' {
			return false
		}
		s = s[1:]
	}
}
