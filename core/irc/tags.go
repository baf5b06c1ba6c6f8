package irc

import (
	"iter"
	"strings"
)

// Tag returns the value of a tag, unescaped, and whether the tag is there. When a key stands several times the last
// one counts (IRCv3 message-tags). It allocates only when the value holds an escape.
func (m *Message) Tag(key string) (value string, ok bool) {
	for k, v := range m.RawTags() {
		if k == key {
			value, ok = v, true
		}
	}
	return UnescapeTagValue(value), ok
}

// AllTags yields the tags in the order of the line, keys with their '+' and vendor, values unescaped. A key that stands
// several times is yielded several times; the last one counts. It allocates only for values that hold an escape.
func (m *Message) AllTags() iter.Seq2[string, string] {
	tags := m.Tags
	return func(yield func(string, string) bool) {
		eachTag(tags, func(k, v string) bool { return yield(k, UnescapeTagValue(v)) })
	}
}

// RawTags is AllTags with the values as they stand in the line, for passing them on. It never allocates.
func (m *Message) RawTags() iter.Seq2[string, string] {
	tags := m.Tags
	return func(yield func(string, string) bool) { eachTag(tags, yield) }
}

// eachTag calls yield for the tags of a section until it returns false. Items without a key are passed over.
func eachTag(tags string, yield func(key, value string) bool) {
	for tags != "" {
		var item string
		item, tags, _ = strings.Cut(tags, ";")
		key, value, _ := strings.Cut(item, "=")
		if key != "" && !yield(key, value) {
			return
		}
	}
}

// AddTag adds a tag with its value escaped, behind those m has. The key is not checked; see ValidTagKey.
func (m *Message) AddTag(key, value string) {
	m.Tags = string(AppendTag([]byte(m.Tags), key, value))
}

// AppendTag appends a tag with its value escaped to dst, a tag section without '@', and separates it from what dst
// holds. An empty value is written without '='. The key is not checked; see ValidTagKey.
func AppendTag(dst []byte, key, value string) []byte {
	dst = appendTagKey(dst, key)
	if value == "" {
		return dst
	}
	return appendEscaped(append(dst, '='), value)
}

// AppendClientTags appends the client-only tags of m, as they stand, to dst like AppendTag. They are what a server
// passes on; of the others it makes its own.
func (m *Message) AppendClientTags(dst []byte) []byte {
	for key, raw := range m.RawTags() {
		if !IsClientTag(key) {
			continue
		}
		dst = appendTagKey(dst, key)
		if raw != "" {
			dst = append(append(dst, '='), raw...)
		}
	}
	return dst
}

func appendTagKey(dst []byte, key string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ';')
	}
	return append(dst, key...)
}

// IsClientTag reports whether key is that of a client-only tag, which servers pass on unread.
func IsClientTag(key string) bool { return strings.HasPrefix(key, "+") }

// ValidTagKey reports whether key is one of IRCv3 message-tags: '+' for client-only tags, a vendor and '/', both
// optional, and letters, digits and '-'.
func ValidTagKey(key string) bool {
	key = strings.TrimPrefix(key, "+")
	if vendor, name, ok := strings.Cut(key, "/"); ok {
		if !consistsOf(vendor, isVendor) {
			return false
		}
		key = name
	}
	return consistsOf(key, isLetter|isDigit|isHyphen)
}

// tagEscapes are the bytes that may not stand in a value, and the letters that stand for them after a backslash.
const (
	tagSpecials = ";\\ \r\n"
	tagEscapes  = ":\\srn"
)

// EscapeTagValue returns s as it is written in a tag section (IRCv3 message-tags), which is s itself when it holds
// nothing special. NUL, for which there is no escape, is left out.
func EscapeTagValue(s string) string {
	if !strings.ContainsAny(s, tagSpecials+"\x00") {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+8), s))
}

func appendEscaped(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c == 0 {
			continue
		}
		if e := strings.IndexByte(tagSpecials, c); e >= 0 {
			dst = append(dst, '\\')
			c = tagEscapes[e]
		}
		dst = append(dst, c)
	}
	return dst
}

// UnescapeTagValue undoes EscapeTagValue. A backslash before any other letter is dropped, and so is one at the end. It
// returns s itself, without allocating, when there is no backslash.
func UnescapeTagValue(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for ; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			if i++; i == len(s) {
				break
			}
			c = unescapeLetter(s[i])
		}
		b = append(b, c)
	}
	return string(b)
}

func unescapeLetter(c byte) byte {
	if e := strings.IndexByte(tagEscapes, c); e >= 0 {
		return tagSpecials[e]
	}
	return c
}
