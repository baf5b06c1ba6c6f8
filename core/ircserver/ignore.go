package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// cmdSilence lists or changes the masks whose messages the user does not receive, neither its own nor through a
// channel. Masks are those of bans; services cannot be silenced.
func (s *Server) cmdSilence(u *session, c *call) *failure {
	if c.Param(0) == "" {
		for _, e := range u.silence {
			s.reply(u, irc.RPL_SILELIST, e.mask)
		}
		s.reply(u, irc.RPL_ENDOFSILELIST)
		return nil
	}
	for _, change := range strings.Split(c.Param(0), ",") {
		if f := s.changeSilence(u, change); f != nil {
			s.fail(u, f)
		}
	}
	return nil
}

// changeSilence adds (+mask or mask) or removes (-mask) one mask. What changed is shown to the user.
func (s *Server) changeSilence(u *session, change string) *failure {
	raw, remove := strings.CutPrefix(change, "-")
	raw = strings.TrimPrefix(raw, "+")
	b, spelled, ok := parseMask(raw)
	if !ok || b.mute {
		return fail(irc.ERR_BADMASK, printable(raw))
	}
	at := slices.IndexFunc(u.silence, func(e listEntry) bool { return e.ban().banKey == b.banKey })
	switch {
	case remove == (at < 0):
		return nil
	case remove:
		spelled = u.silence[at].mask
		u.silence = slices.Delete(u.silence, at, at+1)
		s.send(only(u), u.prefix, "SILENCE", "-"+spelled)
	case len(u.silence) >= s.cfg.Limits.Silence:
		return fail(irc.ERR_SILELISTFULL, spelled)
	default:
		u.silence = append(u.silence, listEntry{mask: strings.Clone(spelled), setter: u.nick, time: s.now})
		s.send(only(u), u.prefix, "SILENCE", "+"+spelled)
	}
	u.audienceChanged()
	return nil
}

// silences reports whether u does not want to read what v writes.
func (u *session) silences(v *session) bool {
	if len(u.silence) == 0 || v.services || u == v {
		return false
	}
	by := v.suspect()
	return slices.ContainsFunc(u.silence, func(e listEntry) bool { return e.matches(by) })
}

// cmdAccept lists or changes who may message the user while it is +g or +G.
func (s *Server) cmdAccept(u *session, c *call) *failure {
	u.accept = slices.DeleteFunc(u.accept, func(id SessionID) bool { return s.sessions[id] == nil })
	if c.Param(0) == "" || c.Param(0) == "*" {
		s.listAccepted(u)
		return nil
	}
	for _, nick := range strings.Split(c.Param(0), ",") {
		if f := s.changeAccept(u, nick); f != nil {
			s.fail(u, f)
		}
	}
	return nil
}

// nicksPerLine is how many nicks one 281 holds: a line has no more than 15 parameters.
const nicksPerLine = 12

func (s *Server) listAccepted(u *session) {
	for ids := range slices.Chunk(u.accept, nicksPerLine) {
		var nicks []string
		for _, id := range ids {
			nicks = append(nicks, s.sessions[id].nick)
		}
		s.reply(u, irc.RPL_ACCEPTLIST, nicks...)
	}
	s.reply(u, irc.RPL_ENDOFACCEPT)
}

// changeAccept adds a nick, or removes it when '-' stands before it. Whoever is accepted stays so under another nick,
// and nobody inherits it with the nick.
func (s *Server) changeAccept(u *session, nick string) *failure {
	nick, remove := strings.CutPrefix(nick, "-")
	who := s.nicks[foldNick(nick)]
	if who == nil || !who.registered {
		return noSuchNick(printable(nick))
	}
	at := slices.Index(u.accept, who.id)
	switch {
	case remove && at < 0:
		return fail(irc.ERR_ACCEPTNOT, who.nick)
	case remove:
		u.accept = slices.Delete(u.accept, at, at+1)
	case at >= 0:
		return fail(irc.ERR_ACCEPTEXIST, who.nick)
	case len(u.accept) >= s.cfg.Limits.Accept:
		return fail(irc.ERR_ACCEPTFULL)
	default:
		u.accept = append(u.accept, who.id)
	}
	return nil
}

// accepts reports whether u has v on its accept list.
func (u *session) accepts(v *session) bool { return slices.Contains(u.accept, v.id) }
