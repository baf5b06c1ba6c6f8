package ircserver

import (
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// maxWhowas is how many departures are remembered; the oldest are forgotten first.
const maxWhowas = 1000

// whowasEntry remembers a session that left or changed its nick.
type whowasEntry struct {
	nick, user, host, realname, account string
	remote                              string
	time                                int64
}

// remember notes u's present identity for WHOWAS; quits and nick changes call it before anything changes.
func (s *Server) remember(u *session) {
	if !u.registered || u.services {
		return
	}
	if len(s.whowas) >= maxWhowas {
		s.whowas[0] = whowasEntry{} // lets go of the strings; append moves the rest to a new array when it must
		s.whowas = s.whowas[1:]
	}
	s.whowas = append(s.whowas, whowasEntry{
		nick: u.nick, user: u.user, host: u.host, realname: u.realname, account: u.account, remote: u.remote, time: s.now,
	})
}

// cmdWhowas answers WHOWAS <nick>{,<nick>} [<count> [<server>]], latest first; a count that is not positive is no
// limit. 406 stands for a nick nobody remembers.
func (s *Server) cmdWhowas(u *session, c *call) *failure {
	nicks := c.Param(0)
	if nicks == "" {
		return fail(irc.ERR_NONICKNAMEGIVEN)
	}
	if f := s.checkServer(c.Param(2)); f != nil {
		return f
	}
	count, err := strconv.Atoi(c.Param(1))
	if err != nil || count <= 0 {
		count = maxWhowas
	}
	for i, nick := range strings.Split(nicks, ",") {
		if i == s.cfg.Limits.TargetsPerMessage {
			s.fail(u, fail(irc.ERR_TOOMANYTARGETS, nick))
			break
		}
		if nick != "" && !s.whowasNick(u, nick, count) {
			s.fail(u, fail(irc.ERR_WASNOSUCHNICK, nick))
		}
	}
	s.reply(u, irc.RPL_ENDOFWHOWAS, nicks)
	return nil
}

// whowasNick tells u about the last count bearers of nick and reports whether there was any.
func (s *Server) whowasNick(u *session, nick string, count int) (found bool) {
	key := foldNick(nick)
	for i := len(s.whowas) - 1; i >= 0 && count > 0; i-- {
		e := &s.whowas[i]
		if foldNick(e.nick) != key {
			continue
		}
		s.whowasEntry(u, e)
		found = true
		count--
	}
	return found
}

func (s *Server) whowasEntry(u *session, e *whowasEntry) {
	s.replyText(u, irc.RPL_WHOWASUSER, e.realname, e.nick, e.user, e.host, "*")
	if e.remote != "" && s.may(u, privAuspex) {
		s.reply(u, irc.RPL_WHOISACTUALLY, e.nick, e.remote)
	}
	if e.account != "" {
		s.replyText(u, irc.RPL_WHOISACCOUNT, "was logged in as", e.nick, e.account)
	}
	left := time.Unix(0, e.time).UTC().Format(time.ANSIC)
	s.replyText(u, irc.RPL_WHOISSERVER, left, e.nick, s.name())
}
