package ircserver

import (
	"cmp"
	"strings"

	"robustirc/core/irc"
)

// failure is a refused command: a numeric, its parameters and text. Handlers return it; the dispatcher sends it.
type failure struct {
	numeric irc.Numeric
	params  []string
	text    string // empty: the table's text
}

func fail(n irc.Numeric, params ...string) *failure { return &failure{numeric: n, params: params} }

func failText(n irc.Numeric, text string, params ...string) *failure {
	return &failure{numeric: n, params: params, text: text}
}

// emit files one output of the current input. It is the last guard of the line limit: whoever sends something that can
// be longer splits it, or lets it be cut here, as servers do with a message whose prefix makes it too long. What nobody
// receives is no output.
func (s *Server) emit(to Audience, line string) *Output {
	return s.file(to, irc.Truncate(line, irc.MaxLine-2))
}

// file is emit for a line of any length.
func (s *Server) file(to Audience, line string) *Output {
	if to.empty() {
		return &Output{}
	}
	s.replies++
	s.out = append(s.out, Output{
		ID:    OutputID{s.inputs, s.replies},
		Time:  s.now,
		Line:  line,
		Cause: s.cause,
		To:    to,
	})
	return &s.out[len(s.out)-1]
}

// send emits ":source command params…"; the last parameter is written as trailing when it needs to be.
func (s *Server) send(to Audience, source, command string, params ...string) *Output {
	return s.emit(to, encode(source, command, params, false))
}

// sendText is send with the last parameter always written as trailing, as servers do for free text.
func (s *Server) sendText(to Audience, source, command string, params ...string) *Output {
	return s.emit(to, encode(source, command, params, true))
}

// reply answers u with a numeric and its parameters; the numeric's own text, if it has one, follows as trailing.
func (s *Server) reply(u *session, n irc.Numeric, params ...string) {
	s.replyText(u, n, n.Text(), params...)
}

// replyText is reply with the text given.
func (s *Server) replyText(u *session, n irc.Numeric, text string, params ...string) {
	all := append([]string{u.target()}, params...)
	if text != "" {
		all = append(all, text)
	}
	s.emit(only(u), encode(s.name(), n.Code(), all, text != ""))
}

// fail sends f to u: for commands with several targets that go on after one failed.
func (s *Server) fail(u *session, f *failure) {
	s.replyText(u, f.numeric, f.message(), f.params...)
}

// message is the failure's text: its own, or that of its numeric.
func (f *failure) message() string { return cmp.Or(f.text, f.numeric.Text()) }

// encode writes one line. Parameters come from parsed lines or from the state, so they hold no line ending. One that
// cannot stand in the middle, because a client sent nonsense as its last parameter, is written as "*".
func encode(source, command string, params []string, trailing bool) string {
	var b strings.Builder
	n := len(source) + len(command) + 4
	for _, p := range params {
		n += len(p) + 1
	}
	b.Grow(n)
	if source != "" {
		b.WriteByte(':')
		b.WriteString(source)
		b.WriteByte(' ')
	}
	b.WriteString(command)
	for i, p := range params {
		b.WriteByte(' ')
		switch {
		case i < len(params)-1:
			p = middle(p)
		case trailing || p == "" || p[0] == ':' || strings.IndexByte(p, ' ') >= 0:
			b.WriteByte(':')
		}
		b.WriteString(p)
	}
	return b.String()
}

// The failures that many commands share.
func noSuchNick(name string) *failure    { return fail(irc.ERR_NOSUCHNICK, name) }
func noSuchChannel(name string) *failure { return fail(irc.ERR_NOSUCHCHANNEL, name) }
func notOnChannel(name string) *failure  { return fail(irc.ERR_NOTONCHANNEL, name) }
func needOp(name string) *failure        { return fail(irc.ERR_CHANOPRIVSNEEDED, name) }
func needParams(cmd string) *failure     { return fail(irc.ERR_NEEDMOREPARAMS, cmd) }
func unknownCommand(cmd string) *failure { return fail(irc.ERR_UNKNOWNCOMMAND, printable(cmd)) }
