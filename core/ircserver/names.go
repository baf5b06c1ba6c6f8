package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// cmdNames lists the members of channels.
func (s *Server) cmdNames(u *session, c *call) *failure {
	for _, name := range strings.Split(c.Param(0), ",") {
		ch := s.channels[foldChan(name)]
		if ch == nil || !s.canSee(u, ch) {
			s.reply(u, irc.RPL_ENDOFNAMES, middle(name))
			continue
		}
		s.names(u, ch)
	}
	return nil
}

// canSee reports whether u may know of ch: it is not secret, or u is in it.
func (s *Server) canSee(u *session, ch *channel) bool {
	return ch.byID[u.id] != nil || !ch.modes.has('s') && !ch.modes.has('p') || u.isOper()
}

// names sends 353 and 366.
func (s *Server) names(u *session, ch *channel) {
	symbol := "="
	switch {
	case ch.modes.has('s'):
		symbol = "@"
	case ch.modes.has('p'):
		symbol = "*"
	}
	inside := ch.byID[u.id] != nil
	// ":server 353 nick = #channel :" and the line ending
	room := irc.MaxLine - 2 - len(s.name()) - len(u.target()) - len(ch.name) - len(":  353  = ") - len(" :")
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			s.replyText(u, irc.RPL_NAMREPLY, b.String(), symbol, ch.name)
			b.Reset()
		}
	}
	for _, m := range ch.members {
		if !inside && m.modes.has('i') || !ch.isShownTo(m, ch.byID[u.id]) {
			continue
		}
		name := m.status.prefixes(u.caps&CapMultiPrefix != 0)
		if u.caps&CapUserhostInNames != 0 {
			name += m.prefix
		} else {
			name += m.nick
		}
		if b.Len() > 0 && b.Len()+1+len(name) > room {
			flush()
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(name)
	}
	flush()
	s.reply(u, irc.RPL_ENDOFNAMES, ch.name)
}
