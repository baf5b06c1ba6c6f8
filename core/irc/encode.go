package irc

import "strings"

// Append appends the canonical encoding of m to dst, without a line ending, and returns the extended slice. Parse
// reads it back as m when m came from Parse.
//
// What it writes is always one line with the same number of parameters, whatever the fields hold: NUL, CR and LF are
// left out everywhere; where one word must stand (tags, source, command, every parameter but the last) spaces are left
// out as well, and so is a leading ':' of a parameter and ':' or '@' of the command; a word of which nothing remains is
// written as "*". The last parameter is written after ':' when Trailing says so or when it is empty, holds a space or
// begins with ':'.
func (m *Message) Append(dst []byte) []byte {
	return m.AppendBody(m.AppendTags(dst))
}

// AppendTags appends the tag section with its '@' and the space after it, and nothing when there are no tags.
func (m *Message) AppendTags(dst []byte) []byte {
	if m.Tags == "" {
		return dst
	}
	dst = append(dst, '@')
	dst = appendWord(dst, m.Tags)
	return append(dst, ' ')
}

// AppendBody appends everything but the tags, which is what MaxLine limits.
func (m *Message) AppendBody(dst []byte) []byte {
	start := len(dst)
	if dst, ok := m.appendPlain(dst); ok {
		return dst
	}
	return m.appendRepaired(dst[:start])
}

// appendPlain appends the body as it is and reports whether that was right, as it is for every message from Parse. What
// stands before the last parameter is checked in one go afterwards, which is faster than word by word: there are as
// many spaces in it as were put there, and no control characters, of which some would have been right, but are rare.
func (m *Message) appendPlain(dst []byte) (_ []byte, ok bool) {
	start, spaces := len(dst), 0
	if m.Source != "" {
		dst = append(append(append(dst, ':'), m.Source...), ' ')
		spaces++
	}
	if m.Command == "" || m.Command[0] == ':' || m.Command[0] == '@' {
		return dst, false
	}
	dst = append(dst, m.Command...)
	last := m.n - 1
	for i := range last {
		p := m.params[i]
		if p == "" || p[0] == ':' {
			return dst, false
		}
		dst = append(append(dst, ' '), p...)
		spaces++
	}
	if countLow(dst[start:]) != spaces {
		return dst, false
	}
	if m.n == 0 {
		return dst, true
	}
	return m.appendLast(dst, m.params[last]), !holdsForbidden(m.params[last])
}

// appendRepaired appends the body with what may not stand there left out.
func (m *Message) appendRepaired(dst []byte) []byte {
	if m.Source != "" {
		dst = append(appendWord(append(dst, ':'), m.Source), ' ')
	}
	dst = appendWord(dst, strings.TrimLeft(m.Command, commandSigns))
	if m.n == 0 {
		return dst
	}
	last := m.n - 1
	for _, p := range m.params[:last] {
		dst = appendWord(append(dst, ' '), strings.TrimLeft(p, paramSigns))
	}
	return m.appendLast(dst, stripForbidden(m.params[last]))
}

func (m *Message) appendLast(dst []byte, s string) []byte {
	dst = append(dst, ' ')
	if m.Trailing || needsColon(s) {
		dst = append(dst, ':')
	}
	return append(dst, s...)
}

// AppendLimit is Append with everything but the tags cut to at most max bytes, not within a UTF-8 sequence. For lines
// to clients max is MaxLine-2.
func (m *Message) AppendLimit(dst []byte, max int) []byte {
	dst = m.AppendTags(dst)
	body := len(dst)
	dst = m.AppendBody(dst)
	if len(dst)-body <= max {
		return dst
	}
	return dst[:body+cutLen(dst[body:], max)]
}

// String returns what Append appends.
func (m *Message) String() string {
	var buf [MaxLine]byte
	return string(m.Append(buf[:0]))
}

// commandSigns may not begin a command, being the signs of tags and source; spaces and forbidden bytes are listed
// because they are left out and must not hide a sign.
const commandSigns = ":@ \x00\r\n"

// paramSigns may not begin a parameter that is not the last, for the same reasons.
const paramSigns = ": \x00\r\n"

// appendWord appends s without the bytes that may not stand within a word, and "*" when nothing is left.
func appendWord(dst []byte, s string) []byte {
	start := len(dst)
	if strings.IndexByte(s, ' ') < 0 && !holdsForbidden(s) {
		dst = append(dst, s...)
	} else {
		for i := range len(s) {
			if c := s[i]; c != ' ' && !isForbidden(c) {
				dst = append(dst, c)
			}
		}
	}
	if len(dst) == start {
		dst = append(dst, '*')
	}
	return dst
}

// needsColon reports whether a last parameter would be read as something else without ':'.
func needsColon(s string) bool {
	return s == "" || s[0] == ':' || strings.IndexByte(s, ' ') >= 0
}

// stripForbidden returns s without forbidden bytes, which is s itself for everything that came from Parse.
func stripForbidden(s string) string {
	if !holdsForbidden(s) {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if !isForbidden(s[i]) {
			b = append(b, s[i])
		}
	}
	return string(b)
}
