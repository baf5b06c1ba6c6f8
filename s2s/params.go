package s2s

import (
	"strconv"
	"strings"
)

// Params are the parameters of one line, for codecs to read.
type Params []string

// At returns parameter i, or "" when there are not that many.
func (p Params) At(i int) string {
	if uint(i) >= uint(len(p)) {
		return ""
	}
	return p[i]
}

// Ref returns parameter i as a name.
func (p Params) Ref(i int) Ref { return Ref(p.At(i)) }

// Last returns the last parameter, or "" when there is none.
func (p Params) Last() string { return p.At(len(p) - 1) }

// From returns a copy of the parameters from i on; nil when there are none.
func (p Params) From(i int) []string {
	if i >= len(p) {
		return nil
	}
	return append([]string(nil), p[i:]...)
}

// Number reads parameter i as a timestamp, duration or count: 64 bits, as a TS is more than 32 can hold one day. TS 0 is
// a value like others (ts6.md section 0.7: it is contagious, and for the model to treat).
func (p Params) Number(i int) (int64, *ParseError) {
	n, err := strconv.ParseInt(p.At(i), 10, 64)
	if err != nil {
		return 0, Malformed("parameter " + strconv.Itoa(i+1) + " is no number")
	}
	return n, nil
}

// Malformed is the error of a line with a field that is not what it must be.
func Malformed(detail string) *ParseError {
	return &ParseError{Reason: ReasonMalformed, Detail: detail}
}

// Sources is a set of kinds of sources: who may say a command.
type Sources uint8

// The kinds of sources.
const (
	FromPeer   Sources = 1 << iota // no prefix: the directly linked server
	FromServer                     // a SID or a server name
	FromUser                       // a UID or a nick
)

// String names one kind of source.
func (s Sources) String() string {
	switch s {
	case FromUser:
		return "user"
	case FromServer:
		return "server"
	}
	return "directly linked server"
}

// SourceKind tells servers from users by what they are called: SIDs have three characters and begin with a digit, which
// no nick does, and only the names of servers have dots (nick!user@host is a user).
func SourceKind(source string) Sources {
	switch {
	case source == "":
		return FromPeer
	case len(source) == 3 && isDigit(source[0]):
		return FromServer
	case len(source) == 9 && isDigit(source[0]):
		return FromUser
	case strings.IndexByte(source, '!') < 0 && strings.IndexByte(source, '.') >= 0:
		return FromServer
	}
	return FromUser
}
