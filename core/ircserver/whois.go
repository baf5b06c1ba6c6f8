package ircserver

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// cmdWhois answers WHOIS [<server>] <nick>{,<nick>}: what is known of each user, 401 for those who are not here, and
// one 318.
func (s *Server) cmdWhois(u *session, c *call) *failure {
	nicks := c.Param(0)
	if c.NumParams() > 1 {
		if f := s.checkServer(nicks); f != nil {
			return f
		}
		nicks = c.Param(1)
	}
	if nicks == "" {
		return fail(irc.ERR_NONICKNAMEGIVEN)
	}
	for i, nick := range strings.Split(nicks, ",") {
		if i == s.cfg.Limits.TargetsPerMessage {
			s.fail(u, fail(irc.ERR_TOOMANYTARGETS, nick))
			break
		}
		if v := s.user(nick); v != nil {
			s.whois(u, v)
		} else if nick != "" {
			s.fail(u, noSuchNick(nick))
		}
	}
	s.reply(u, irc.RPL_ENDOFWHOIS, nicks)
	return nil
}

// whois tells u what it may know of v.
func (s *Server) whois(u, v *session) {
	s.replyText(u, irc.RPL_WHOISUSER, v.realname, v.nick, v.user, v.host, "*")
	if s.seesAddress(u, v) && v.remote != "" {
		s.replyText(u, irc.RPL_WHOISHOST, irc.RPL_WHOISHOST.Textf("*@"+v.remote, v.remote), v.nick)
		s.replyText(u, irc.RPL_WHOISMODES, irc.RPL_WHOISMODES.Textf("+"+v.modes.String()), v.nick)
	}
	if channels := s.whoisChannels(u, v); len(channels) > 0 {
		s.replyWords(u, irc.RPL_WHOISCHANNELS, slices.Values(channels), v.nick)
	}
	s.replyText(u, irc.RPL_WHOISSERVER, s.serverInfoOf(v), v.nick, s.serverOf(v))
	if v.away != "" {
		s.replyText(u, irc.RPL_AWAY, v.away, v.nick)
	}
	s.whoisTraits(u, v)
	s.whoisIdle(u, v)
}

// whoisTraits sends what is so or not so: operator, bot, registered, account, TLS.
func (s *Server) whoisTraits(u, v *session) {
	switch {
	case v.services:
		s.replyText(u, irc.RPL_WHOISOPERATOR, "is a Network Service", v.nick)
	case v.isOper():
		s.reply(u, irc.RPL_WHOISOPERATOR, v.nick)
	}
	if v.modes.has('B') {
		s.replyText(u, irc.RPL_WHOISBOT, irc.RPL_WHOISBOT.Textf(s.cfg.NetworkName), v.nick)
	}
	if v.modes.has('r') {
		s.reply(u, irc.RPL_WHOISREGNICK, v.nick)
	}
	if v.account != "" {
		s.reply(u, irc.RPL_WHOISACCOUNT, v.nick, v.account)
	}
	if v.modes.has('Z') {
		s.reply(u, irc.RPL_WHOISSECURE, v.nick)
	}
}

// whoisIdle tells since when v has said nothing and since when it is here. Services do not idle.
func (s *Server) whoisIdle(u, v *session) {
	if v.services {
		return
	}
	idle := (s.now - max(v.lastSpoke, v.signedOn)) / int64(time.Second)
	s.reply(u, irc.RPL_WHOISIDLE, v.nick, strconv.FormatInt(idle, 10), seconds(v.signedOn))
}

// whoisChannels lists v's channels that u may know of, with v's prefixes, in the order of joining. That v is invisible
// does not matter: whoever names it has found it.
func (s *Server) whoisChannels(u, v *session) []string {
	var list []string
	for _, ch := range v.channels {
		if m := ch.byID[v.id]; s.seesChannel(u, ch) && s.isShownTo(u, ch, m) {
			list = append(list, m.status.prefixes(u.caps&CapMultiPrefix != 0)+ch.name)
		}
	}
	return list
}
