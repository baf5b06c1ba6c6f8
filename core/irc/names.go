package irc

import "strings"

// Lengths in bytes that the RFCs and DNS set.
const (
	// MaxServerName is the length of a server name (RFC 2812 section 1.1).
	MaxServerName = 63
	// MaxHostname and maxLabel are the lengths of a host name and of what stands between its dots (RFC 1035).
	MaxHostname = 253
	maxLabel    = 63
)

// ValidNick reports whether s can be a nick of at most maxLen bytes: letters, digits and []\`_^{|}-, of which digits
// and '-' do not come first (RFC 2812 section 2.3.1).
func ValidNick(s string, maxLen int) bool {
	return len(s) <= maxLen && consistsOf(s, isLetter|isDigit|isSpecial|isHyphen) && has(s[0], isLetter|isSpecial)
}

// ValidChannel reports whether s can be a channel of at most maxLen bytes, its '#' included: no space, comma or control
// character in it. The RFCs forbid only NUL, CR, LF, BELL, space and comma; the other control characters are refused
// because with them one channel can be made to look like another. "#" is one.
func ValidChannel(s string, maxLen int) bool {
	if len(s) > maxLen || !IsChannel(s) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == ',' || c == 0x7f {
			return false
		}
	}
	return true
}

// IsChannel reports whether a target is meant as a channel, by its first byte, valid or not. Channels of one server
// ('&') and those without modes ('+') do not exist on a network that is one server.
func IsChannel(target string) bool { return strings.HasPrefix(target, "#") }

// ValidUser reports whether s can be a user name of at most maxLen bytes: letters, digits and -._~+[]\`^{|}. The RFCs
// allow everything but '@' and what parts lines; what could be taken for a mask or a prefix is refused as well.
func ValidUser(s string, maxLen int) bool { return len(s) <= maxLen && consistsOf(s, isUser) }

// ValidHostname reports whether s is a host name that DNS could have (RFC 1123 section 2.1) and that holds a dot, so
// that it is not taken for a nick. A dot at the end is allowed, for services.
func ValidHostname(s string) bool {
	if len(s) > MaxHostname || strings.IndexByte(s, '.') < 0 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

func validLabel(s string) bool {
	return len(s) <= maxLabel && consistsOf(s, isLetter|isDigit|isHyphen) && s[0] != '-' && s[len(s)-1] != '-'
}

// ValidDisplayHost reports whether s can stand behind the '@' of a prefix, which besides host names addresses and
// cloaks do ("2001:db8::1", "robust/0x1f", "user/alice"): letters, digits and -._:/, of which ':' does not come first.
func ValidDisplayHost(s string) bool {
	return len(s) <= MaxHostname && consistsOf(s, isHost) && s[0] != ':'
}

// IsServerName reports whether s can be the name of a server: at most MaxServerName bytes, letters, digits and -._,
// with a dot in it, which no nick has. It is a letter or digit that comes first.
func IsServerName(s string) bool {
	return len(s) <= MaxServerName && consistsOf(s, isServer) && has(s[0], isLetter|isDigit) &&
		strings.IndexByte(s, '.') >= 0
}
