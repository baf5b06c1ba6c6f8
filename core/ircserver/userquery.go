package ircserver

import (
	"iter"
	"strings"

	"robustirc/core/irc"
)

// maxUserhost is how many nicks USERHOST and USERIP answer for (RFC 2812 section 4.8).
const maxUserhost = 5

// cmdIson answers ISON with those of the nicks that are here, spelled as their bearers spell them. Nicks come as
// parameters, as one list, or both.
func (s *Server) cmdIson(u *session, c *call) *failure {
	s.replyWords(u, irc.RPL_ISON, func(yield func(string) bool) {
		for _, list := range c.Params() {
			for nick := range strings.FieldsSeq(list) {
				if v := s.user(nick); v != nil && !yield(v.nick) {
					return
				}
			}
		}
	})
	return nil
}

func (s *Server) cmdUserhost(u *session, c *call) *failure {
	s.userhosts(u, c, irc.RPL_USERHOST, func(v *session) string { return v.host })
	return nil
}

// hiddenAddress stands for an address that the asker may not see.
const hiddenAddress = "255.255.255.255"

func (s *Server) cmdUserip(u *session, c *call) *failure {
	s.userhosts(u, c, irc.RPL_USERIP, func(v *session) string {
		if v.remote == "" || !s.seesAddress(u, v) {
			return hiddenAddress
		}
		return v.remote
	})
	return nil
}

// userhosts answers USERHOST and USERIP: nick, * for operators, + or - for here or away, user and what host says.
func (s *Server) userhosts(u *session, c *call, n irc.Numeric, host func(*session) string) {
	nicks := strings.Fields(strings.Join(c.Params(), " "))
	s.replyWords(u, n, func(yield func(string) bool) {
		for _, nick := range nicks[:min(len(nicks), maxUserhost)] {
			if v := s.user(nick); v != nil && !yield(userhost(v, host(v))) {
				return
			}
		}
	})
}

func userhost(v *session, host string) string {
	nick, here := v.nick, "=+"
	if v.isOper() {
		nick += "*"
	}
	if v.away != "" {
		here = "=-"
	}
	return nick + here + v.user + "@" + host
}

// cmdAway marks u away with a message, or back without.
func (s *Server) cmdAway(u *session, c *call) *failure {
	u.away = strings.Clone(irc.Truncate(c.Param(0), s.cfg.Limits.AwayLen))
	if u.away == "" {
		s.reply(u, irc.RPL_UNAWAY)
	} else {
		s.reply(u, irc.RPL_NOWAWAY)
	}
	return nil
}

// cmdSetname changes u's real name and confirms it (IRCv3 setname). A name that does not fit is refused rather than
// cut, as that specification has it.
func (s *Server) cmdSetname(u *session, c *call) *failure {
	name := c.Param(0)
	if name == "" || len(name) > s.cfg.Limits.RealLen {
		s.sendText(only(u), s.name(), "FAIL", "SETNAME", "INVALID_REALNAME", "Realname is not valid")
		return nil
	}
	u.realname = strings.Clone(name)
	s.sendText(only(u), u.prefix, "SETNAME", u.realname)
	return nil
}

// replyWords answers u with a numeric whose trailing parameter is a list of words, in as many lines as they need and
// at least one.
func (s *Server) replyWords(u *session, n irc.Numeric, words iter.Seq[string], params ...string) {
	all := append(append([]string{u.target()}, params...), "")
	head := len(encode(s.name(), n.Code(), all, true))
	empty := true
	for line := range irc.SplitWords(head, words, irc.MaxLine-2) {
		empty = false
		all[len(all)-1] = line
		s.emit(only(u), encode(s.name(), n.Code(), all, true))
	}
	if empty {
		s.emit(only(u), encode(s.name(), n.Code(), all, true))
	}
}
