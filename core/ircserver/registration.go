package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// cmdPass takes what PASS has for others. What had to be verified was taken out of the line at the edge (Claims); the
// verdict is in the input. The keys are the original's: nickserv= (also when there is no key), services= and oper=;
// network=, session= and captcha= are accepted and mean nothing here. gateway= is our own.
func (s *Server) cmdPass(u *session, c *call) *failure {
	if u.registered {
		return fail(irc.ERR_ALREADYREGISTERED)
	}
	keys := passKeys
	if s.cfg.MachineVersion < 2 {
		keys = passKeys1
	}
	u.pass = strings.Clone(passParts(keys, c.rest(0))["nickserv"])
	u.granted = strings.Clone(c.in.Granted)
	return nil
}

// cmdNick takes or changes a nick.
func (s *Server) cmdNick(u *session, c *call) *failure {
	nick := c.Param(0)
	if nick == "" {
		return fail(irc.ERR_NONICKNAMEGIVEN)
	}
	if nick == u.nick {
		return nil
	}
	if f := s.mayTake(u, nick); f != nil {
		return f
	}
	if u.registered {
		for _, ch := range u.channels {
			if f := s.nickGate(u, ch, nick); f != nil {
				return f
			}
		}
	}
	s.rename(u, nick)
	return s.register(u)
}

// mayTake says why u may not have this nick, or nil.
func (s *Server) mayTake(u *session, nick string) *failure {
	if !irc.ValidNick(nick, s.cfg.Limits.NickLen) {
		return fail(irc.ERR_ERRONEUSNICKNAME, printable(nick))
	}
	if h := s.held(nick); h != nil {
		return failText(irc.ERR_ERRONEUSNICKNAME, "Nickname is held: "+h.reason, nick)
	}
	if owner := s.nicks[foldNick(nick)]; owner != nil && owner != u {
		return fail(irc.ERR_NICKNAMEINUSE, nick)
	}
	if !u.services && reservedNick(nick) {
		return failText(irc.ERR_NICKNAMEINUSE, "Nickname is reserved for services", nick)
	}
	return nil
}

// reservedNick reports whether nick is one that only services may have: one that ends in "serv".
func reservedNick(nick string) bool { return strings.HasSuffix(string(foldNick(nick)), "serv") }

// rename gives u a nick that it may take. Those who share a channel with u see it, once.
func (s *Server) rename(u *session, nick string) {
	nick = strings.Clone(nick)
	if u.registered {
		if foldNick(nick) != foldNick(u.nick) {
			s.remember(u)
		}
		s.send(s.neighbours(u), u.prefix, "NICK", nick)
	}
	if u.nick != "" {
		delete(s.nicks, foldNick(u.nick))
	}
	u.setIdentity(nick, u.user, u.host)
	s.nicks[foldNick(nick)] = u
}

// cmdUser takes user name and real name, once.
func (s *Server) cmdUser(u *session, c *call) *failure {
	if u.registered || u.user != "" {
		return fail(irc.ERR_ALREADYREGISTERED)
	}
	user := cleanUser(c.Param(0), s.cfg.Limits.UserLen)
	if user == "" || c.Param(3) == "" {
		return needParams("USER")
	}
	u.setIdentity(u.nick, user, u.host)
	u.realname = strings.Clone(irc.Truncate(c.Param(3), s.cfg.Limits.RealLen))
	return s.register(u)
}

// cleanUser makes a user name of what the client sent: without the characters that would end it early in a prefix or
// stand for others in a mask, and no longer than max.
func cleanUser(user string, max int) string {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || strings.ContainsRune("@!*?:,", r) {
			return -1
		}
		return r
	}, user)
	return strings.Clone(irc.Truncate(clean, max))
}

// printable makes a refused name fit to stand as a parameter of a numeric.
func printable(name string) string {
	if name == "" || name[0] == ':' || strings.IndexByte(name, ' ') >= 0 {
		return "*"
	}
	return irc.Truncate(name, 100)
}

// register lets u into the network once it has a nick and a user name and nothing holds it up: the negotiation of
// capabilities, or a challenge that is not met.
func (s *Server) register(u *session) *failure {
	if u.registered || u.nick == "" || u.user == "" || u.capNegotiating || u.cookie != "" {
		return nil
	}
	if s.banned(u) {
		return nil
	}
	u.registered, u.signedOn, u.lastSpoke = true, s.now, s.now
	s.tally(u, +1)
	s.maxUsers = max(s.maxUsers, s.users)
	s.introduce(u)
	s.greet(u)
	s.handOnPasswords(u)
	return nil
}

// banned refuses a session that a network ban covers, and reports whether it did.
func (s *Server) banned(u *session) bool {
	b := s.networkBanFor(u)
	if b == nil {
		return false
	}
	s.replyText(u, irc.ERR_YOUREBANNEDCREEP, "You are banned from this network: "+b.reason)
	s.quit(u, "Banned: "+b.reason)
	return true
}

// handOnPasswords gives what PASS left to those it is for, and forgets it.
func (s *Server) handOnPasswords(u *session) {
	if s.nicks["nickserv"] != nil && u.pass != "" {
		s.sendText(only(s.nicks["nickserv"]), u.prefix, "PRIVMSG", s.nicks["nickserv"].nick, "IDENTIFY "+u.pass)
	}
	u.pass = ""
	for _, name := range strings.Fields(u.granted) {
		if name != grantServices && !strings.HasPrefix(name, grantGateway) {
			s.grantOper(u, name)
		}
	}
	u.granted = ""
}

// greet sends the burst that tells a client it is in.
func (s *Server) greet(u *session) {
	s.replyText(u, irc.RPL_WELCOME, irc.RPL_WELCOME.Textf(s.name(), u.prefix))
	s.replyText(u, irc.RPL_YOURHOST, irc.RPL_YOURHOST.Textf(s.name(), version))
	s.replyText(u, irc.RPL_CREATED, irc.RPL_CREATED.Textf(wireTime(s.start)))
	s.isupport(u)
	s.lusers(u)
	s.motd(u)
	if modes := u.modes.String(); modes != "" {
		s.send(only(u), u.nick, "MODE", u.nick, "+"+modes)
	}
}

// cmdPing answers at once: since all lines are ordered by one log, the PONG stands behind the effects of everything
// that was received before, on any node.
//
// The answer is the long form of RFC 2812, ":server PONG server :token". The one exception is the token "keepalive",
// which the stock bridge sends by itself once a minute and whose answer it hides from its client only in the form
// ":server PONG keepalive"; Modern IRC allows that too, since PONG's server parameter is optional.
func (s *Server) cmdPing(u *session, c *call) *failure {
	switch token := c.Param(0); {
	case c.NumParams() == 0 || token == "":
		return fail(irc.ERR_NOORIGIN)
	case token == "keepalive" && c.NumParams() == 1:
		s.send(only(u), s.name(), "PONG", token)
	default:
		s.sendText(only(u), s.name(), "PONG", s.name(), token)
	}
	return nil
}

// cmdPong meets the challenge, if there is one; any other PONG only shows that the client is alive.
func (s *Server) cmdPong(u *session, c *call) *failure {
	if u.cookie == "" || !slices.Contains(c.Params(), u.cookie) {
		return nil
	}
	u.cookie = ""
	return s.register(u)
}

// cmdQuit ends the session as its client wants.
func (s *Server) cmdQuit(u *session, c *call) *failure {
	reason := "Client quit"
	if c.Last() != "" {
		reason = "Quit: " + irc.Truncate(c.Last(), s.cfg.Limits.KickLen)
	}
	s.quit(u, reason)
	return nil
}

// cmdError ignores what only servers say.
func (s *Server) cmdError(u *session, c *call) *failure { return nil }
