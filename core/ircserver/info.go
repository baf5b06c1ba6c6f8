package ircserver

import (
	"fmt"
	"time"

	"robustirc/core/irc"
)

// cmdMotd answers MOTD [<server>].
func (s *Server) cmdMotd(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(0)); f != nil {
		return f
	}
	s.motd(u)
	return nil
}

// motd sends u the message of the day, or 422; part of the greeting.
func (s *Server) motd(u *session) {
	if len(s.cfg.MOTD) == 0 {
		s.reply(u, irc.ERR_NOMOTD)
		return
	}
	s.replyText(u, irc.RPL_MOTDSTART, irc.RPL_MOTDSTART.Textf(s.name()))
	for _, line := range s.cfg.MOTD {
		s.replyText(u, irc.RPL_MOTD, irc.RPL_MOTD.Textf(line))
	}
	s.reply(u, irc.RPL_ENDOFMOTD)
}

// cmdLusers answers LUSERS [<mask> [<server>]]; the mask means nothing on a network of one server.
func (s *Server) cmdLusers(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(1)); f != nil {
		return f
	}
	s.lusers(u)
	return nil
}

// lusers sends u the counts of LUSERS; part of the greeting.
func (s *Server) lusers(u *session) {
	servers := 1 + len(s.links)
	s.replyText(u, irc.RPL_LUSERCLIENT, irc.RPL_LUSERCLIENT.Textf(s.users-s.invisible, s.invisible, servers))
	s.reply(u, irc.RPL_LUSEROP, itoa(s.opers))
	if n := s.unregistered(); n > 0 {
		s.reply(u, irc.RPL_LUSERUNKNOWN, itoa(n))
	}
	s.reply(u, irc.RPL_LUSERCHANNELS, itoa(len(s.channels)))
	s.replyText(u, irc.RPL_LUSERME, irc.RPL_LUSERME.Textf(s.users, len(s.links)))
	s.replyText(u, irc.RPL_LOCALUSERS, irc.RPL_LOCALUSERS.Textf(s.users, s.maxUsers), itoa(s.users), itoa(s.maxUsers))
	s.replyText(u, irc.RPL_GLOBALUSERS, irc.RPL_GLOBALUSERS.Textf(s.users, s.maxUsers), itoa(s.users), itoa(s.maxUsers))
}

// headcount counts the sessions, so that LUSERS, which every greeting contains, need not look at them all.
type headcount struct {
	users     int // registered, without services
	invisible int // of the users
	opers     int // of the users
	watchers  int // of the opers: those who want server notices
	services  int // links and their pseudo-clients
	bridged   int // links of gateways
}

// tally adds u to the counts, or takes it out (by is -1), as what it is at the moment.
func (s *Server) tally(u *session, by int) {
	switch {
	case u.services:
		s.services += by
	case u.isGateway():
		s.bridged += by
	case u.registered:
		s.users += by
		s.invisible += by * btoi(u.modes.has('i'))
		s.opers += by * btoi(u.modes.has('o'))
		s.watchers += by * btoi(u.modes.has('o') && u.modes.has('s'))
	}
}

// unregistered is how many sessions have not registered yet.
func (s *Server) unregistered() int { return len(s.sessions) - s.users - s.services - s.bridged }

// cmdVersion answers VERSION [<server>] with 351 and 005.
func (s *Server) cmdVersion(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(0)); f != nil {
		return f
	}
	comment := fmt.Sprintf("machine version %d", s.cfg.MachineVersion)
	s.replyText(u, irc.RPL_VERSION, comment, version+".", s.name())
	s.features(u)
	return nil
}

// cmdTime answers TIME [<server>] with the machine's time, which is that of the log and no node's own.
func (s *Server) cmdTime(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(0)); f != nil {
		return f
	}
	now := time.Unix(0, s.now).UTC().Format("Monday January 2 2006 -- 15:04:05 UTC")
	s.replyText(u, irc.RPL_TIME, now, s.name())
	return nil
}

// cmdAdmin answers ADMIN [<server>] with the lines of the configuration, or 423.
func (s *Server) cmdAdmin(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(0)); f != nil {
		return f
	}
	if s.cfg.AdminInfo == [3]string{} {
		return fail(irc.ERR_NOADMININFO, s.name())
	}
	s.replyText(u, irc.RPL_ADMINME, irc.RPL_ADMINME.Textf(s.name()), s.name())
	for i, n := range []irc.Numeric{irc.RPL_ADMINLOC1, irc.RPL_ADMINLOC2, irc.RPL_ADMINEMAIL} {
		if line := s.cfg.AdminInfo[i]; line != "" {
			s.replyText(u, n, line)
		}
	}
	return nil
}

// cmdInfo answers INFO [<server>].
func (s *Server) cmdInfo(u *session, c *call) *failure {
	if f := s.checkServer(c.Param(0)); f != nil {
		return f
	}
	for _, line := range []string{
		"RobustIRC, an IRC network without netsplits: one server, replicated.",
		fmt.Sprintf("Any minority of its %d nodes may fail and no message is lost, repeated or reordered.", max(1, len(s.nodes))),
		"This network was created " + wireTime(s.start) + ".",
	} {
		s.replyText(u, irc.RPL_INFO, line)
	}
	s.reply(u, irc.RPL_ENDOFINFO)
	return nil
}

// cmdLinks answers LINKS [[<server>] <mask>] with the one server that clients see, then the nodes that serve it and
// the services links, one hop behind it.
func (s *Server) cmdLinks(u *session, c *call) *failure {
	mask := c.Last()
	if c.NumParams() > 1 {
		if f := s.checkServer(c.Param(0)); f != nil {
			return f
		}
	}
	if mask == "" {
		mask = "*"
	}
	for i, l := range s.linked() {
		if irc.MatchMask(irc.ASCII, mask, l.name) {
			hops := min(i, 1)
			s.replyText(u, irc.RPL_LINKS, fmt.Sprintf("%d %s", hops, l.info), l.name, s.name())
		}
	}
	s.reply(u, irc.RPL_ENDOFLINKS, mask)
	return nil
}

// linked is one line of LINKS and MAP.
type linked struct{ name, info string }

// linked returns the network's server and then what stands behind it.
func (s *Server) linked() []linked {
	list := []linked{{s.name(), s.cfg.NetworkInfo}}
	for _, n := range s.nodes {
		list = append(list, linked{n.ID, "node at " + n.Address})
	}
	for _, l := range s.links {
		list = append(list, linked{l.nick, l.realname})
	}
	return list
}

// cmdMap answers MAP with the same as a tree.
func (s *Server) cmdMap(u *session, c *call) *failure {
	list := s.linked()
	s.replyText(u, irc.RPL_MAP, fmt.Sprintf("%s [%d users]", s.name(), s.users))
	for i, l := range list[1:] {
		branch := "|- "
		if i == len(list)-2 {
			branch = "`- "
		}
		s.replyText(u, irc.RPL_MAP, branch+l.name)
	}
	s.reply(u, irc.RPL_MAPEND)
	return nil
}

// cmdRehash tells operators how the configuration is changed: it is an entry of the log, not a file to read again.
func (s *Server) cmdRehash(u *session, c *call) *failure {
	if !u.isOper() {
		return fail(irc.ERR_NOPRIVILEGES)
	}
	s.notice(u, "The configuration is replicated and takes effect at once: change it with `robustirc config edit`")
	return nil
}

// serverOf is the server that v is shown to be on: the network's one, or the link that introduced it.
func (s *Server) serverOf(v *session) string {
	if link := s.sessions[v.link]; link != nil {
		return link.nick
	}
	return s.name()
}

// serverInfoOf is the description of that server.
func (s *Server) serverInfoOf(v *session) string {
	if link := s.sessions[v.link]; link != nil {
		return link.realname
	}
	return s.cfg.NetworkInfo
}
