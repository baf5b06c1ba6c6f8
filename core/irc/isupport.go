package irc

import (
	"errors"
	"slices"
	"strings"
)

// MaxISupportTokens is the most tokens one RPL_ISUPPORT line carries: fifteen parameters less the client's name and
// the trailing text (draft-brocklesby-irc-isupport section 2).
const MaxISupportTokens = 13

// ErrBadISupport is returned when an RPL_ISUPPORT line holds something that is no token.
var ErrBadISupport = errors.New("irc: malformed RPL_ISUPPORT")

// ISupport is what a server announces with RPL_ISUPPORT: names with optional values, in the order in which they were
// set. The zero value is empty and ready for use. It is not safe for concurrent use.
type ISupport struct{ tokens []ISupportToken }

// ISupportToken is one feature. Its value is not escaped; "" is no value.
type ISupportToken struct{ Name, Value string }

// String returns the token as it stands in the line.
func (t ISupportToken) String() string {
	if t.Value == "" {
		return t.Name
	}
	return t.Name + "=" + EscapeISupport(t.Value)
}

// Set announces a feature, or another value of one. The name consists of capitals, digits, and whatever else the
// caller is sure of; it is not checked.
func (s *ISupport) Set(name, value string) {
	if i := s.index(name); i >= 0 {
		s.tokens[i].Value = value
		return
	}
	s.tokens = append(s.tokens, ISupportToken{name, value})
}

// Remove takes a feature back.
func (s *ISupport) Remove(name string) {
	if i := s.index(name); i >= 0 {
		s.tokens = slices.Delete(s.tokens, i, i+1)
	}
}

// Get returns the value of a feature, and whether it is announced.
func (s *ISupport) Get(name string) (value string, ok bool) {
	if i := s.index(name); i >= 0 {
		return s.tokens[i].Value, true
	}
	return "", false
}

// Tokens returns all features in order. The slice is the caller's.
func (s *ISupport) Tokens() []ISupportToken { return slices.Clone(s.tokens) }

func (s *ISupport) index(name string) int {
	return slices.IndexFunc(s.tokens, func(t ISupportToken) bool { return t.Name == name })
}

// Lines returns the tokens as the middle parameters of RPL_ISUPPORT lines: MaxISupportTokens at most in each, and no
// more than maxBytes with the spaces between them, which leaves the rest of the line to the caller's source, client
// name and trailing text. A token that is longer stands alone.
func (s *ISupport) Lines(maxBytes int) [][]string {
	var lines [][]string
	var line []string
	size := 0
	for _, t := range s.tokens {
		text := t.String()
		if len(line) > 0 && (len(line) == MaxISupportTokens || size+1+len(text) > maxBytes) {
			lines = append(lines, line)
			line, size = nil, 0
		}
		if len(line) > 0 {
			size++
		}
		line = append(line, text)
		size += len(text)
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// AddLine takes over what an RPL_ISUPPORT line announces and, with '-' before a name, takes back. The parameters
// between the first, which is the client's name, and the last, which is for people, are tokens; a last one that was
// not written as trailing text is a token as well. The error is ErrBadISupport when a token had no name; the others
// were taken over all the same.
func (s *ISupport) AddLine(m *Message) error {
	params := m.Params()
	if len(params) > 0 && m.Trailing {
		params = params[:len(params)-1]
	}
	if len(params) == 0 {
		return ErrBadISupport
	}
	var err error
	for _, p := range params[1:] {
		if !s.addToken(p) {
			err = ErrBadISupport
		}
	}
	return err
}

// addToken takes over one token as it stands in a line, and reports whether it is one.
func (s *ISupport) addToken(text string) bool {
	negated := strings.HasPrefix(text, "-")
	name, value, _ := strings.Cut(strings.TrimPrefix(text, "-"), "=")
	if name == "" {
		return false
	}
	if negated {
		s.Remove(name)
	} else {
		s.Set(name, UnescapeISupport(value))
	}
	return true
}

const hexDigits = "0123456789ABCDEF"

// EscapeISupport returns a value as it is written in a token: space, '=', '\' and control characters as \xHH.
func EscapeISupport(value string) string {
	if !needsISupportEscape(value) {
		return value
	}
	b := make([]byte, 0, len(value)+12)
	for i := range len(value) {
		if c := value[i]; isISupportSpecial(c) {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func needsISupportEscape(value string) bool {
	for i := range len(value) {
		if isISupportSpecial(value[i]) {
			return true
		}
	}
	return false
}

func isISupportSpecial(c byte) bool { return c <= ' ' || c == '=' || c == '\\' || c == 0x7f }

// UnescapeISupport undoes EscapeISupport. A '\' that does not begin \xHH stands for itself, as does a bare '='.
func UnescapeISupport(value string) string {
	if strings.IndexByte(value, '\\') < 0 {
		return value
	}
	b := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if c, ok := hexEscape(value[i:]); ok {
			b = append(b, c)
			i += len(`\xHH`) - 1
		} else {
			b = append(b, value[i])
		}
	}
	return string(b)
}

// hexEscape returns the byte that s begins with as \xHH.
func hexEscape(s string) (c byte, ok bool) {
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return 0, false
	}
	high, ok1 := hexValue(s[2])
	low, ok2 := hexValue(s[3])
	return high<<4 | low, ok1 && ok2
}

func hexValue(c byte) (byte, bool) {
	if 'a' <= c && c <= 'f' {
		c -= 'a' - 'A'
	}
	i := strings.IndexByte(hexDigits, c)
	return byte(i), i >= 0
}
