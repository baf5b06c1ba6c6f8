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
	args s2s.Params
}

func (r *reader) read(line string) (s2s.Event, *s2s.ParseError) {
	if len(line) > MaxBigLine {
		return s2s.Event{}, &s2s.ParseError{Reason: s2s.ReasonTooLong, Detail: strconv.Itoa(len(line)) + " bytes"}
	}
	if err := r.msg.Parse(line); err != nil {
		return s2s.Event{}, unparsable(err)
	}
	// With set::broadcast-channel-messages a server that has no member of a channel may be sent the line that was made for
	// clients: with a full mask for a source, and without tags (send.c:linecache_usertype takes servers for clients).
	if at := strings.IndexByte(r.msg.Source, '!'); at > 0 {
		r.msg.Source = r.msg.Source[:at]
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
	if kind := s2s.SourceKind(r.msg.Source); cmd.from&kind == 0 {
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

// source is who says the line.
func (r *reader) source() s2s.Ref { return s2s.Ref(r.msg.Source) }

// Who may say a command, as the tables write it.
type sources = s2s.Sources

const (
	peer    = s2s.FromPeer
	server  = s2s.FromServer
	user    = s2s.FromUser
	servers = peer | server
	anybody = servers | user
)

func isNumeric(s string) bool { return len(s) == 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2]) }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isChannel reports whether a target is a channel; UnrealIRCd has only those with '#'.
func isChannel(s string) bool { return s != "" && s[0] == '#' }
