package ts6

import (
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Dialect is a family of servers that speak TS6 alike.
type Dialect string

// The dialects.
const (
	Solanum   Dialect = "solanum"
	Charybdis Dialect = "charybdis"
	Hybrid    Dialect = "hybrid"
)

// MaxLine is the length of a line without tags and line ending (solanum ircd_defs.h DATALEN).
const MaxLine = 510

// maxBytes is the length of a line with tags, beyond which it is refused.
const maxBytes = irc.MaxTags + MaxLine

// Codec reads and writes lines. Not safe for concurrent use. Strings of the events it returns are slices of the line.
type Codec struct {
	dialect Dialect
	caps    map[string]bool
	in      reader
}

var _ s2s.Codec = (*Codec)(nil)

// NewCodec returns a codec for lines between servers of a dialect that both have these capabilities (CAPAB words).
func NewCodec(d Dialect, capabilities ...string) *Codec {
	c := &Codec{dialect: d, caps: map[string]bool{}}
	for _, name := range capabilities {
		c.caps[name] = true
	}
	return c
}

// Dialect is what the codec writes.
func (c *Codec) Dialect() Dialect { return c.dialect }

// Has reports whether both sides have a capability.
func (c *Codec) Has(capability string) bool { return c.caps[capability] }

// Decode reads one line without its line ending. A command that is not in the table is an s2s.Unknown, as servers ignore
// it (parse.c:parse). The error is always a *s2s.ParseError.
func (c *Codec) Decode(line string) (s2s.Event, error) {
	e, err := c.decode(line)
	if err != nil {
		return s2s.Event{}, err // a nil *ParseError must not become an error
	}
	return e, nil
}

func (c *Codec) decode(line string) (s2s.Event, *s2s.ParseError) {
	r := &c.in
	if len(line) > maxBytes {
		return s2s.Event{}, &s2s.ParseError{Reason: s2s.ReasonTooLong, Detail: strconv.Itoa(len(line)) + " bytes"}
	}
	if err := r.msg.Parse(line); err != nil {
		return s2s.Event{}, unparsable(err)
	}
	r.mask, r.dialect = "", c.dialect
	r.cmd = r.find()
	if r.cmd == nil {
		return s2s.Event{Source: s2s.Ref(r.msg.Source), Tags: r.msg.Tags, ServerMask: r.mask, Body: s2s.Unknown{Line: line}}, nil
	}
	body, err := r.run()
	if err != nil {
		err.Command = r.cmd.name
		return s2s.Event{}, err
	}
	return s2s.Event{Source: s2s.Ref(r.msg.Source), Tags: r.msg.Tags, ServerMask: r.mask, Body: body}, nil
}

func unparsable(err error) *s2s.ParseError {
	reason := s2s.ReasonMalformed
	if err == irc.ErrEmpty {
		reason = s2s.ReasonEmpty
	}
	return &s2s.ParseError{Reason: reason, Detail: err.Error()}
}

// reader is the line that is being read.
type reader struct {
	dialect Dialect
	msg     irc.Message
	cmd     *command
	// args are the parameters of the command; those of an ENCAP command are behind its name.
	args s2s.Params
	// mask is the servers the line is for; "" is all.
	mask string
}

// find looks the command up, and looks into ENCAP. It returns nil for what is not known.
func (r *reader) find() *command {
	r.args = r.msg.Params()
	name := r.msg.Command
	cmd := plain[name]
	if cmd == nil && name != "ENCAP" {
		name = strings.ToUpper(name) // servers look commands up without regard to case
		cmd = plain[name]
	}
	switch {
	case cmd != nil:
		return cmd
	case name == "ENCAP" && len(r.args) >= 2:
		r.setMask(r.args[0])
		name, r.args = r.args[1], r.args[2:]
		return encaps[strings.ToUpper(name)]
	case isNumeric(name):
		return numeric
	}
	return nil
}

// setMask notes the servers the line is for.
func (r *reader) setMask(mask string) {
	if mask != "*" {
		r.mask = mask
	}
}

// run checks the line against its row and reads it. Too few parameters, and an empty one where the last required one
// stands, are refused as servers do (parse.c:handle_command).
func (r *reader) run() (s2s.Body, *s2s.ParseError) {
	cmd := r.cmd
	if cmd.from&s2s.SourceKind(r.msg.Source) == 0 {
		return nil, &s2s.ParseError{Reason: s2s.ReasonSource, Detail: "not from a " + s2s.SourceKind(r.msg.Source).String()}
	}
	if len(r.args) < cmd.min || cmd.min > 0 && r.args[cmd.min-1] == "" {
		return nil, r.tooFew(cmd.min)
	}
	return cmd.decode(r)
}

func (r *reader) tooFew(want int) *s2s.ParseError {
	return &s2s.ParseError{Reason: s2s.ReasonParams, Detail: strconv.Itoa(len(r.args)) + " parameters, or an empty one, instead of " + strconv.Itoa(want)}
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

func isNumeric(s string) bool {
	return len(s) == 3 && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[2])
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// isChannel reports whether a target is a channel.
func isChannel(s string) bool { return s != "" && (s[0] == '#' || s[0] == '&') }
