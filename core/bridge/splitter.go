package bridge

import (
	"bytes"
	"strings"

	"robustirc/core/irc"
)

// maxClientLine is the longest line a client may send, in bytes without line ending: '@', tags, space, and the rest.
const maxClientLine = len("@ ") + irc.MaxClientTagData + irc.MaxLine - len("\r\n")

// fault says why something that arrived is no line.
type fault uint8

const (
	faultNone fault = iota
	// faultTooLong is a line beyond the limits of irc.CheckClientLine.
	faultTooLong
	// faultBadByte is a line with NUL or CR in it.
	faultBadByte
)

// splitter cuts a stream of bytes into lines. It holds at most maxClientLine bytes, and nothing between lines.
type splitter struct {
	partial  []byte
	skipping bool // the rest of an over-long line is being dropped
}

// feed calls line for every line that chunk completes, with a fault when it must not be used. Empty lines are passed
// over, as every server does. Lines end with LF; CR before it belongs to the ending.
func (s *splitter) feed(chunk []byte, line func(text string, f fault)) {
	if bytes.IndexByte(chunk, '\n') < 0 {
		s.keep(chunk, line)
		return
	}
	text := string(s.partial) + string(chunk)
	searched := len(s.partial)
	for {
		i := strings.IndexByte(text[searched:], '\n')
		if i < 0 {
			break
		}
		whole := text[:searched+i]
		text, searched = text[searched+i+1:], 0
		if s.skipping {
			s.skipping = false
			continue
		}
		if whole = strings.TrimRight(whole, "\r"); whole != "" {
			line(whole, check(whole))
		}
	}
	s.partial = s.partial[:0]
	s.keep([]byte(text), line)
}

// keep remembers the beginning of a line, or more of it, unless it is too long.
func (s *splitter) keep(text []byte, line func(string, fault)) {
	switch {
	case s.skipping || len(s.partial)+len(text) == 0:
		s.partial = nil
	case len(s.partial)+len(text) > maxClientLine+len("\r"):
		s.partial, s.skipping = nil, true
		line("", faultTooLong)
	default:
		s.partial = append(s.partial, text...)
	}
}

func check(line string) fault {
	switch {
	case irc.CheckClientLine(line) != nil:
		return faultTooLong
	case strings.IndexByte(line, 0) >= 0 || strings.IndexByte(line, '\r') >= 0:
		return faultBadByte
	}
	return faultNone
}
