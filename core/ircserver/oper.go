package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// Privileges of operator classes, besides auspex (visibility.go). A class that has "*" has them all.
const (
	privBan     = "ban"
	privKill    = "kill"
	privWallops = "wallops"
	privGlobops = "globops"
)

// defaultClass is the class of operator blocks that name none. Unless the configuration defines it otherwise it may
// do everything: operators of the original may, and there a block has no class.
const defaultClass = "admin"

// className is the block's class, or the one that stands for none.
func (o *Operator) className() string {
	if o.Class == "" {
		return defaultClass
	}
	return o.Class
}

// privileges returns what an operator class may do. An unknown class may do nothing, except the default one.
func (s *Server) privileges(class string) []string {
	for i := range s.cfg.Classes {
		if s.cfg.Classes[i].Name == class {
			return s.cfg.Classes[i].Privileges
		}
	}
	if class == defaultClass {
		return []string{"*"}
	}
	return nil
}

// may reports whether u is an operator whose class holds the privilege.
func (s *Server) may(u *session, privilege string) bool {
	if !u.isOper() {
		return false
	}
	return slices.ContainsFunc(s.privileges(u.operClass), func(p string) bool { return p == privilege || p == "*" })
}

// lacks is the answer to somebody who lacks a privilege: 481 for users, 723 for operators of a lesser class.
func lacks(u *session, privilege string) *failure {
	if u.isOper() {
		return fail(irc.ERR_NOPRIVS, privilege)
	}
	return fail(irc.ERR_NOPRIVILEGES)
}

// cmdOper answers OPER <name> <password>. The edge has compared the password; the input says for which block it holds.
// A wrong password and a name that does not exist are one and the same.
func (s *Server) cmdOper(u *session, c *call) *failure {
	f := fail(irc.ERR_PASSWDMISMATCH)
	if name := c.Param(0); slices.Contains(strings.Fields(c.in.Granted), name) {
		f = s.becomeOper(u, name)
	}
	if f != nil {
		s.snotice(u, "Failed OPER attempt by "+u.prefix)
	}
	return f
}

// grantOper makes u the operator of this block, whose password PASS gave and the edge has verified.
func (s *Server) grantOper(u *session, name string) {
	if f := s.becomeOper(u, name); f != nil {
		s.fail(u, f)
	}
}

// becomeOper makes u the operator of the block, unless it is gone or not for u's host.
func (s *Server) becomeOper(u *session, name string) *failure {
	i := slices.IndexFunc(s.cfg.Operators, func(o Operator) bool { return o.Name == name })
	if i < 0 {
		return fail(irc.ERR_PASSWDMISMATCH)
	}
	o := &s.cfg.Operators[i]
	if len(o.Hosts) > 0 && !slices.ContainsFunc(o.Hosts, func(mask string) bool { return userHostMatches(mask, u) }) {
		return failText(irc.ERR_NOOPERHOST, "No appropriate operator blocks were found for your host")
	}
	u.oper, u.operClass = strings.Clone(o.Name), strings.Clone(o.className())
	s.reply(u, irc.RPL_YOUREOPER)
	s.changeUserModes(u, u.nick, []irc.ModeChange{{Add: true, Mode: 'o'}})
	s.snotice(u, u.prefix+" is now an operator ("+u.oper+", class "+u.operClass+")")
	return nil
}

// retireOpers takes operator status from those whose block the configuration has no longer.
func (s *Server) retireOpers() {
	for _, u := range s.byNick() {
		if u.isGuest() {
			continue // its gateway says what it is
		}
		named := func(o Operator) bool { return o.Name == u.oper }
		if i := slices.IndexFunc(s.cfg.Operators, named); i >= 0 {
			u.operClass = strings.Clone(s.cfg.Operators[i].className())
		} else if u.isOper() && !u.services {
			s.changeUserModes(u, s.name(), []irc.ModeChange{{Mode: 'o'}})
			s.reply(u, irc.RPL_NOTOPERANYMORE)
		}
	}
}

// cmdKill removes a user. Channels see "Killed (oper (reason))"; the victim sees the KILL and then ERROR.
func (s *Server) cmdKill(u *session, c *call) *failure {
	v := s.user(c.Param(0))
	switch {
	case v == nil && s.checkServer(c.Param(0)) == nil:
		return fail(irc.ERR_CANTKILLSERVER)
	case v == nil:
		return noSuchNick(printable(c.Param(0)))
	case v.services:
		return fail(irc.ERR_ISCHANSERVICE, v.nick)
	}
	s.kill(u, v, killReason(c, s.cfg.Limits.KickLen))
	return nil
}

// killReason is what stands behind the nick, cut at max bytes.
func killReason(c *call, max int) string {
	if reason := irc.Truncate(c.rest(1), max); reason != "" {
		return reason
	}
	return "No reason given"
}

// kill removes v in the name of u, a user or one of services' pseudo-clients.
func (s *Server) kill(u, v *session, reason string) {
	s.sendText(only(v), u.prefix, "KILL", v.nick, u.nick+" ("+reason+")")
	s.snotice(nil, "KILL of "+v.prefix+" by "+u.nick+": "+reason)
	s.quit(v, "Killed ("+u.nick+" ("+reason+"))")
}

// cmdWallops sends a text to all users with mode +w.
func (s *Server) cmdWallops(u *session, c *call) *failure {
	text := c.rest(0)
	if text == "" {
		return needParams("WALLOPS")
	}
	s.sendText(s.withMode('w'), u.prefix, "WALLOPS", text).Account = u.account
	return nil
}

// cmdGlobops sends a text to all operators.
func (s *Server) cmdGlobops(u *session, c *call) *failure {
	text := c.rest(0)
	if text == "" {
		return needParams("GLOBOPS")
	}
	s.sendText(s.withMode('o'), s.name(), "NOTICE", "*", "*** Global -- from "+u.nick+": "+text)
	return nil
}

// withMode is the audience of all users that have a user mode.
func (s *Server) withMode(letter byte) Audience {
	var list []Recipient
	for _, u := range s.sessions { // order does not matter: newAudience sorts
		if u.registered && !u.services && u.modes.has(letter) {
			list = append(list, u.recipient())
		}
	}
	return newAudience(list)
}

// snotice tells operators who want server notices (+s) of something that except, who may be nil, knows anyway.
func (s *Server) snotice(except *session, text string) {
	if s.watchers == 0 {
		return
	}
	var list []Recipient
	for _, u := range s.sessions { // order does not matter: newAudience sorts
		if u.isOper() && u.modes.has('s') && u != except {
			list = append(list, u.recipient())
		}
	}
	s.sendText(newAudience(list), s.name(), "NOTICE", "*", "*** Notice -- "+text)
}

// notice tells u something that has no numeric.
func (s *Server) notice(u *session, text string) {
	s.sendText(only(u), s.name(), "NOTICE", u.target(), text)
}
