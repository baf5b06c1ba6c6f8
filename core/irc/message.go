package irc

import (
	"math/bits"
	"strings"
)

// MaxParams is the most parameters one message may carry (RFC 2812 section 2.3.1); the fifteenth takes the rest of
// the line.
const MaxParams = 15

// Message is one line of the protocol, parsed or to be encoded. Its zero value is empty and ready for use. The strings
// of a parsed message are slices of the line, which they keep alive.
//
// Messages can be compared with ==: two are equal when they were parsed from lines that differ in runs of spaces only.
type Message struct {
	// Tags is the raw IRCv3 tag section, values escaped, without the leading '@'. Tag and AllTags read it.
	Tags string
	// Source is the raw prefix, without the leading ':'. Empty when there is none.
	Source string
	// Command is the verb or three-digit numeric as it was written; UpperCommand folds it.
	Command string
	// Trailing says that the last parameter is written after ':' even when it could do without, as servers write free
	// text. Parse sets it from the line. It has no meaning without parameters.
	Trailing bool

	n      int
	params [MaxParams]string
}

// NewMessage returns a message with these parts; source may be empty. See SetParams for the parameters.
func NewMessage(source, command string, params ...string) Message {
	m := Message{Source: source, Command: command}
	m.SetParams(params...)
	return m
}

// SetParams replaces the parameters and reports whether all of them fit: those after the fifteenth (MaxParams) are
// left out.
func (m *Message) SetParams(params ...string) bool {
	n := copy(m.params[:], params)
	m.cut(n, m.n)
	return n == len(params)
}

// WithTrailing returns m with Trailing set, for free text: NewMessage(...).WithTrailing().
func (m Message) WithTrailing() Message {
	m.Trailing = true
	return m
}

// NumParams returns how many parameters the message carries.
func (m *Message) NumParams() int { return m.n }

// Params returns the parameters; the slice is valid as long as m is unchanged, and writing to it changes m.
func (m *Message) Params() []string { return m.params[:m.n:m.n] }

// Param returns parameter i, or "" when there are not that many.
func (m *Message) Param(i int) string {
	if uint(i) >= uint(m.n) {
		return ""
	}
	return m.params[i]
}

// Last returns the last parameter, where free text stands, or "" when there is none.
func (m *Message) Last() string { return m.Param(m.n - 1) }

// Prefix returns Source, split.
func (m *Message) Prefix() Prefix { return ParsePrefix(m.Source) }

// cut makes n the number of parameters and clears those that were used before, up to old, so that == stays honest and
// no line is kept alive by a parameter nobody can see.
func (m *Message) cut(n, old int) {
	m.n = n
	for i := n; i < old; i++ {
		m.params[i] = ""
	}
}

// Parse fills m from one line without its line ending, and does not allocate. Runs of spaces separate like one, as in
// RFC 1459 and unlike the letter of RFC 2812. Lengths are not checked, except that of the tags; CheckClientLine does
// that.
//
// The error is one of ErrEmpty, ErrBadByte, ErrBadTags, ErrTooManyTagBytes, ErrBadSource and ErrBadCommand; m is empty
// then.
func (m *Message) Parse(line string) error {
	if err := m.parse(line); err != nil {
		*m = Message{}
		return err
	}
	return nil
}

func (m *Message) parse(line string) error {
	if holdsForbidden(line) {
		return ErrBadByte
	}
	var tags, source string
	i := skipSpaces(line, 0)
	if i < len(line) && line[i] == '@' {
		end := wordEnd(line, i)
		tags, i = line[i+1:end], skipSpaces(line, end)
		if err := checkTagSection(tags); err != nil {
			return err
		}
	}
	if i < len(line) && line[i] == ':' {
		end := wordEnd(line, i)
		source, i = line[i+1:end], skipSpaces(line, end)
		if source == "" {
			return ErrBadSource
		}
	}
	if i == len(line) {
		return ErrEmpty
	}
	if line[i] == ':' || line[i] == '@' {
		return ErrBadCommand
	}
	end := wordEnd(line, i)
	m.Tags, m.Source, m.Command = tags, source, line[i:end]
	m.parseParams(line, skipSpaces(line, end))
	return nil
}

// parseParams fills the parameters from what begins at line[i], with no space.
func (m *Message) parseParams(line string, i int) {
	n, old := 0, m.n
	m.Trailing = false
	for i < len(line) {
		if line[i] == ':' {
			m.params[n], m.Trailing = line[i+1:], true
			n++
			break
		}
		if n == MaxParams-1 {
			m.params[n], m.Trailing = line[i:], strings.IndexByte(line[i:], ' ') >= 0
			n++
			break
		}
		end := wordEnd(line, i)
		m.params[n] = line[i:end]
		n++
		i = skipSpaces(line, end)
	}
	m.cut(n, old)
}

// wordEnd returns the index of the first space in s from i on, or len(s).
func wordEnd(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		if found := findByte(load64(s[i:i+8]), ' '); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] != ' ' {
		i++
	}
	return i
}

// skipSpaces returns the index of the first byte in s from i on that is no space, or len(s).
func skipSpaces(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}
