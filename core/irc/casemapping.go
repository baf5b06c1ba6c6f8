package irc

import "strings"

// Casemapping says which characters of nicks and channel names are the same letter.
type Casemapping uint8

// The casemappings of ISUPPORT CASEMAPPING.
const (
	RFC1459       Casemapping = iota // a-z = A-Z, {}|^ = []\~
	RFC1459Strict                    // a-z = A-Z, {}| = []\
	ASCII                            // a-z = A-Z
)

// Fold returns the one spelling of s that all its equals share; it returns s itself when it is folded already.
func (c Casemapping) Fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case c != ASCII && '[' <= r && r <= ']', c == RFC1459 && r == '~':
			if r == '~' {
				return '^'
			}
			return r + '{' - '['
		}
		return r
	}, s)
}

// Equal reports whether a and b are the same name.
func (c Casemapping) Equal(a, b string) bool { return c.Fold(a) == c.Fold(b) }
