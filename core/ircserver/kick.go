package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// cmdKick removes members: several from one channel, or as many as there are channels, each from its own (RFC 2812
// section 3.2.8). Without a reason the kicker's nick is the reason, as in RFC 1459.
func (s *Server) cmdKick(u *session, c *call) *failure {
	names, nicks := strings.Split(c.Param(0), ","), strings.Split(c.Param(1), ",")
	if len(names) != 1 && len(names) != len(nicks) {
		return needParams("KICK")
	}
	reason := irc.Truncate(c.Param(2), s.cfg.Limits.KickLen)
	if reason == "" {
		reason = u.nick
	}
	for i, nick := range nicks {
		if i == s.cfg.Limits.TargetsPerMessage {
			return fail(irc.ERR_TOOMANYTARGETS, printable(nick))
		}
		if f := s.kick(u, names[min(i, len(names)-1)], nick, reason); f != nil {
			s.fail(u, f)
		}
	}
	return nil
}

// kick removes one member from one channel.
func (s *Server) kick(u *session, name, nick, reason string) *failure {
	ch, f := s.channelFor(u, name)
	if f != nil {
		return f
	}
	if f := s.mayKick(u, ch); f != nil {
		return f
	}
	v := s.user(nick)
	if v == nil {
		return noSuchNick(printable(nick))
	}
	m := ch.byID[v.id]
	if m == nil {
		return fail(irc.ERR_USERNOTINCHANNEL, v.nick, ch.name)
	}
	if !u.services && (m.status.outranks(ch.byID[u.id].status) || m.services) {
		return failText(irc.ERR_CHANOPRIVSNEEDED, "You may not remove somebody of a higher rank", ch.name)
	}
	s.expel(u.prefix, m, ch, reason)
	return nil
}

// mayKick says why u may remove nobody from ch, or nil.
func (s *Server) mayKick(u *session, ch *channel) *failure {
	m := ch.byID[u.id]
	switch {
	case u.services:
		return nil
	case m == nil:
		return notOnChannel(ch.name)
	case !m.status.atLeast(statusHalfop):
		return needOp(ch.name)
	}
	return nil
}

// expel takes m out of ch with a KICK by source.
func (s *Server) expel(source string, m *member, ch *channel, reason string) {
	s.sendText(s.witnessesOf(m.session, ch), source, "KICK", ch.name, m.nick, reason)
	s.leave(m.session, ch)
}
