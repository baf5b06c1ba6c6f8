package irc

import (
	"errors"
	"strings"
)

// Limits of a line, in bytes.
const (
	// MaxLine is the length of a line without tags, its CR LF included (RFC 1459 section 2.3). Links between servers
	// may agree on longer lines.
	MaxLine = 512
	// MaxTags is the length of a tag section, its '@' and the space after it included (IRCv3 message-tags).
	MaxTags = 8191
	// MaxClientTagData is the length of the tag data that a client may send, without '@' and space (IRCv3
	// message-tags). The other half of MaxTags is the server's.
	MaxClientTagData = 4094
)

// Errors of Parse and CheckClientLine.
var (
	// ErrEmpty is returned when the line holds no command.
	ErrEmpty = errors.New("irc: empty message")
	// ErrBadByte is returned when the line holds NUL, CR or LF (RFC 1459 section 2.3.1), which would end it early for
	// others.
	ErrBadByte = errors.New("irc: NUL, CR or LF within a message")
	// ErrBadTags is returned when '@' is followed by no tags.
	ErrBadTags = errors.New("irc: empty tag section")
	// ErrTooManyTagBytes is returned when the tags exceed MaxTags or, coming from a client, MaxClientTagData.
	ErrTooManyTagBytes = errors.New("irc: tags too long")
	// ErrTooLong is returned when a client's line without its tags exceeds MaxLine.
	ErrTooLong = errors.New("irc: line too long")
	// ErrBadSource is returned when ':' is followed by no name.
	ErrBadSource = errors.New("irc: empty source")
	// ErrBadCommand is returned when the command begins with ':' or '@', so that it could not be written again.
	ErrBadCommand = errors.New("irc: malformed command")
)

// CheckClientLine reports whether line, without its line ending, is as short as a client's must be: ErrTooManyTagBytes or
// ErrTooLong otherwise, for which ERR_INPUTTOOLONG is the answer. Lines of linked servers are not subject to it.
func CheckClientLine(line string) error {
	body := line
	if strings.HasPrefix(line, "@") {
		tags, rest, _ := strings.Cut(line[1:], " ")
		if len(tags) > MaxClientTagData {
			return ErrTooManyTagBytes
		}
		body = rest
	}
	if len(body) > MaxLine-len("\r\n") {
		return ErrTooLong
	}
	return nil
}

// checkTagSection checks tags, the section without '@' and space.
func checkTagSection(tags string) error {
	switch {
	case tags == "":
		return ErrBadTags
	case len(tags) > MaxTags-len("@ "):
		return ErrTooManyTagBytes
	}
	return nil
}

// isForbidden reports whether c may stand nowhere in a line (RFC 1459 section 2.3.1).
func isForbidden(c byte) bool { return c == 0 || c == '\r' || c == '\n' }

// holdsForbidden reports whether s holds a byte that is forbidden. Every line in and out passes here, so it looks at
// eight bytes at a time for any below 14, and examines only lines that have one (formatting codes) byte by byte.
func holdsForbidden[T text](s T) bool {
	if len(s) < 8 {
		return holdsForbiddenBytewise(s)
	}
	low := below14(s[len(s)-8:])
	rest := s
	for len(rest) >= 32 {
		low |= below14(rest) | below14(rest[8:]) | below14(rest[16:]) | below14(rest[24:])
		rest = rest[32:]
	}
	for len(rest) >= 8 {
		low |= below14(rest)
		rest = rest[8:]
	}
	return low&(0x80*everyByte) != 0 && holdsForbiddenBytewise(s)
}

func holdsForbiddenBytewise[T text](s T) bool {
	for i := range len(s) {
		if isForbidden(s[i]) {
			return true
		}
	}
	return false
}
