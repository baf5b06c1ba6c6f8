package irc

import "strings"

// Prefix is the source of a message: a server name (User and Host empty) or nick!user@host.
type Prefix struct {
	Name, User, Host string
}

// ParsePrefix splits nick!user@host; missing parts are empty.
func ParsePrefix(s string) Prefix {
	var p Prefix
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s, p.Host = s[:i], s[i+1:]
	}
	p.Name, p.User, _ = strings.Cut(s, "!")
	return p
}

// String is the wire form of p.
func (p Prefix) String() string {
	s := p.Name
	if p.User != "" {
		s += "!" + p.User
	}
	if p.Host != "" {
		s += "@" + p.Host
	}
	return s
}
