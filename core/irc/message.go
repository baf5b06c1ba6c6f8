package irc

import (
	"errors"
	"strings"
)

// MaxParams is the most parameters one message may carry (RFC 2812 section 2.3).
const MaxParams = 15

// Errors of Parse.
var (
	// ErrEmpty is returned when the line holds no command.
	ErrEmpty = errors.New("irc: empty message")
)

// Message is one parsed line. Its strings are slices of the line that was parsed.
type Message struct {
	// Tags is the raw IRCv3 tag section, without the leading '@'.
	Tags string
	// Source is the raw prefix, without the leading ':'.
	Source string
	// Command is the verb or three-digit numeric as it was written.
	Command string

	n      int
	params [MaxParams]string
}

// Parse fills m from one line without its line ending. It does not allocate.
func (m *Message) Parse(line string) error {
	*m = Message{}
	if rest, ok := strings.CutPrefix(line, "@"); ok {
		m.Tags, line, _ = strings.Cut(rest, " ")
	}
	line = strings.TrimLeft(line, " ")
	if rest, ok := strings.CutPrefix(line, ":"); ok {
		m.Source, line, _ = strings.Cut(rest, " ")
	}
	line = strings.TrimLeft(line, " ")
	m.Command, line, _ = strings.Cut(line, " ")
	if m.Command == "" {
		return ErrEmpty
	}
	for {
		line = strings.TrimLeft(line, " ")
		if line == "" {
			return nil
		}
		if line[0] == ':' || m.n == MaxParams-1 {
			m.params[m.n] = strings.TrimPrefix(line, ":")
			m.n++
			return nil
		}
		m.params[m.n], line, _ = strings.Cut(line, " ")
		m.n++
	}
}

// NumParams returns how many parameters the message carries.
func (m *Message) NumParams() int { return m.n }

// Params returns the parameters; the slice is valid as long as m is unchanged.
func (m *Message) Params() []string { return m.params[:m.n] }

// Param returns parameter i, or "" when there are not that many.
func (m *Message) Param(i int) string {
	if i >= m.n {
		return ""
	}
	return m.params[i]
}
