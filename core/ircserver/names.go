package ircserver

import (
	"iter"
	"strings"

	"robustirc/core/irc"
)

// cmdNames lists the members of channels. Without a parameter there is only the end: the list of everybody on the
// network is WHO's to give.
func (s *Server) cmdNames(u *session, c *call) *failure {
	if c.Param(0) == "" {
		s.reply(u, irc.RPL_ENDOFNAMES, "*")
		return nil
	}
	for i, name := range strings.Split(c.Param(0), ",") {
		if i == s.cfg.Limits.TargetsPerMessage {
			return fail(irc.ERR_TOOMANYTARGETS, printable(name))
		}
		if ch := s.channels[foldChan(name)]; ch != nil && s.seesChannel(u, ch) {
			s.names(u, ch)
		} else {
			s.reply(u, irc.RPL_ENDOFNAMES, printable(name))
		}
	}
	return nil
}

// names sends u the members of ch that it may see, in as many 353 as they need, and 366.
func (s *Server) names(u *session, ch *channel) {
	prefixLen := len(":  353  =  :") + len(s.name()) + len(u.target()) + len(ch.name)
	for line := range irc.SplitWords(prefixLen, s.memberNames(u, ch), irc.MaxLine-2) {
		s.replyText(u, irc.RPL_NAMREPLY, line, ch.symbol(), ch.name)
	}
	s.reply(u, irc.RPL_ENDOFNAMES, ch.name)
}

// symbol says in 353 whether the channel is public, private or secret.
func (ch *channel) symbol() string {
	switch {
	case ch.modes.has('s'):
		return "@"
	case ch.modes.has('p'):
		return "*"
	}
	return "="
}

// memberNames are the members of ch that u may see, as u's capabilities demand them.
func (s *Server) memberNames(u *session, ch *channel) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range ch.members {
			if !s.seesMember(u, ch, m) {
				continue
			}
			name := m.nick
			if u.caps&CapUserhostInNames != 0 {
				name = m.prefix
			}
			if !yield(m.status.prefixes(u.caps&CapMultiPrefix != 0) + name) {
				return
			}
		}
	}
}
