package unreal

import (
	"errors"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// The lengths of the protocol, in bytes.
const (
	// MaxLine is a line without tags and line ending, and a parameter where lines may be longer (parse.c:parse2).
	MaxLine = 510
	// MaxBigLine is a line with its tags where BIGLINES was negotiated (struct.h:MAXLINELENGTH).
	MaxBigLine = 16384 - 2
	// MaxOwnTags is the tag section we write, without '@' and space; see the package documentation.
	MaxOwnTags = 4094
	// MaxParams is the number of parameters between servers (struct.h:MAXPARA).
	MaxParams = 30
)

// Features are what the peer said it understands (PROTOCTL tokens), and so what may be written to it.
type Features struct {
	Tags      bool // MTAGS: message tags
	BigLines  bool // BIGLINES: lines up to MaxBigLine
	NamedBans bool // NEXTBANS: extended bans by name
	Setters   bool // SJSBY: who set a list entry and when, in SJOIN
	SWhois    bool // EXTSWHOIS: SWHOIS with tag and priority
	Locks     bool // MLOCK
	// ChanModes are the peer's channel modes; nil when it has not said.
	ChanModes *irc.ModeSpec
}

// Codec reads and writes lines. Not safe for concurrent use. Strings of the events it returns are slices of the line.
type Codec struct {
	features Features
	in       reader
}

var _ s2s.Codec = (*Codec)(nil)

// NewCodec returns a codec for a peer that understands f. Reading is the same whatever the peer understands.
func NewCodec(f Features) *Codec { return &Codec{features: f} }

// Features is what may be written to the peer.
func (c *Codec) Features() Features { return c.features }

// Decode reads one line without its line ending. A command that is not in the table is an s2s.Unknown, as servers ignore
// it (parse.c:parse2). The error is always a *s2s.ParseError.
func (c *Codec) Decode(line string) (s2s.Event, error) {
	e, err := c.in.read(line)
	if err != nil {
		return s2s.Event{}, err // a nil *ParseError must not become an error
	}
	return e, nil
}

// reader is the line that is being read.
type reader struct {
	msg  irc.Message
	args []string
}

func (r *reader) read(line string) (s2s.Event, *s2s.ParseError) {
	if len(line) > MaxBigLine {
		return s2s.Event{}, &s2s.ParseError{Reason: s2s.ReasonTooLong, Detail: strconv.Itoa(len(line)) + " bytes"}
	}
	if err := r.msg.Parse(line); err != nil {
		return s2s.Event{}, unparsable(err)
	}
	e := s2s.Event{Source: r.source(), Tags: r.msg.Tags}
	cmd := lookUp(r.msg.Command)
	if cmd == nil {
		e.Body = s2s.Unknown{Line: line}
		return e, nil
	}
	r.splitArgs(line)
	body, err := r.run(cmd)
	if err != nil {
		err.Command = cmd.name
		return s2s.Event{}, err
	}
	e.Body = body
	return e, nil
}

func unparsable(err error) *s2s.ParseError {
	reason := s2s.ReasonMalformed
	switch {
	case errors.Is(err, irc.ErrEmpty):
		reason = s2s.ReasonEmpty
	case errors.Is(err, irc.ErrTooManyTagBytes):
		reason = s2s.ReasonTooLong
	}
	return &s2s.ParseError{Reason: reason, Detail: err.Error()}
}

// lookUp finds a command's row; commands are not case-sensitive (parse.c:find_command). It returns nil for what is not
// known.
func lookUp(name string) *command {
	if cmd := commands[name]; cmd != nil {
		return cmd
	}
	if isNumeric(name) {
		return &numeric
	}
	return commands[irc.UpperCommand(name)]
}

// splitArgs takes the parameters from the message. Between servers there may be twice as many as irc.Message holds, the
// last of which then has the rest of the line.
func (r *reader) splitArgs(line string) {
	r.args = r.msg.Params()
	if len(r.args) < irc.MaxParams {
		return
	}
	rest := r.msg.Last()
	if at := len(line) - len(rest); line[at-1] == ':' && line[at-2] == ' ' {
		return // it was free text
	}
	r.args = append([]string(nil), r.args[:irc.MaxParams-1]...)
	for rest != "" && len(r.args) < MaxParams {
		var word string
		if rest[0] == ':' || len(r.args) == MaxParams-1 {
			r.args = append(r.args, strings.TrimPrefix(rest, ":"))
			return
		}
		word, rest, _ = strings.Cut(rest, " ")
		r.args = append(r.args, word)
		rest = strings.TrimLeft(rest, " ")
	}
}

// run checks the line against its row and reads it.
func (r *reader) run(cmd *command) (s2s.Body, *s2s.ParseError) {
	if kind := sourceKind(r.msg.Source); cmd.from&kind == 0 {
		return nil, &s2s.ParseError{Reason: s2s.ReasonSource, Detail: "not from a " + kind.String()}
	}
	if len(r.args) < cmd.min {
		return nil, r.tooFew(cmd.min)
	}
	return cmd.decode(r)
}

func (r *reader) tooFew(want int) *s2s.ParseError {
	return &s2s.ParseError{Reason: s2s.ReasonParams,
		Detail: strconv.Itoa(len(r.args)) + " parameters instead of " + strconv.Itoa(want)}
}

// arg returns parameter i, or "" when there are not that many.
func (r *reader) arg(i int) string {
	if uint(i) >= uint(len(r.args)) {
		return ""
	}
	return r.args[i]
}

// ref returns parameter i as a name.
func (r *reader) ref(i int) s2s.Ref { return s2s.Ref(r.arg(i)) }

// source is who says the line.
func (r *reader) source() s2s.Ref { return s2s.Ref(r.msg.Source) }

// last returns the last parameter.
func (r *reader) last() string { return r.arg(len(r.args) - 1) }

// list returns a copy of parameters from i on; nil when there are none.
func (r *reader) list(i int) []string {
	if i >= len(r.args) {
		return nil
	}
	return append([]string(nil), r.args[i:]...)
}

// number reads parameter i as a timestamp, duration or count.
func (r *reader) number(i int) (int64, *s2s.ParseError) {
	n, err := strconv.ParseInt(r.arg(i), 10, 64)
	if err != nil {
		return 0, malformed("parameter " + strconv.Itoa(i+1) + " is no number")
	}
	return n, nil
}

func malformed(detail string) *s2s.ParseError {
	return &s2s.ParseError{Reason: s2s.ReasonMalformed, Detail: detail}
}

// sources says who may say a command.
type sources uint8

const (
	peer   sources = 1 << iota // no prefix: the directly linked server
	server                     // a SID or a server name
	user                       // a UID or a nick

	servers = peer | server
	anybody = servers | user
)

// String names one kind of source.
func (s sources) String() string {
	switch s {
	case user:
		return "user"
	case server:
		return "server"
	}
	return "directly linked server"
}

// sourceKind tells servers from users by what they are called: SIDs have three characters and begin with a digit, which
// no nick does, and only the names of servers have dots.
func sourceKind(s string) sources {
	switch {
	case s == "":
		return peer
	case '0' <= s[0] && s[0] <= '9' && len(s) == 3:
		return server
	case '0' <= s[0] && s[0] <= '9' && len(s) == 9:
		return user
	case strings.IndexByte(s, '!') < 0 && strings.IndexByte(s, '.') >= 0:
		return server
	}
	return user
}

func isNumeric(s string) bool { return len(s) == 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isChannel reports whether a target is a channel; UnrealIRCd has only those with '#'.
func isChannel(s string) bool { return s != "" && s[0] == '#' }
