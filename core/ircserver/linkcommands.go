package ircserver

import (
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// linkTable is the command table of services links. Handlers get the source of the line: the link itself or one of its
// pseudo-clients. A link may do everything; what it names must exist, or it is told so, with the source as target.
var linkTable = []commandRow{
	{"NICK", 1, false, "", (*Server).linkNick, "NICK <nick> <hops> <time> <user> <host> <server> <svid> [<modes>] :<realname> | NICK <nick>", "Introduces a pseudo-client, or renames the source."},
	{"QUIT", 0, false, "", (*Server).linkQuit, "QUIT [:<reason>]", "Removes the source; without source the link and all its pseudo-clients."},
	{"SQUIT", 0, false, "", (*Server).linkQuit, "SQUIT [<server>] [:<reason>]", "Removes the link."},
	{"JOIN", 1, false, "", (*Server).linkJoin, "JOIN <channel>{,<channel>}", "Lets the source join channels."},
	{"PART", 1, false, "", (*Server).cmdPart, "PART <channel>{,<channel>} [:<reason>]", "Lets the source leave channels."},
	{"KICK", 2, false, "", (*Server).cmdKick, "KICK <channel>{,<channel>} <nick>{,<nick>} [:<reason>]", "Removes members."},
	{"KILL", 1, false, "", (*Server).linkKill, "KILL <nick> [:<reason>]", "Removes a user from the network."},
	{"SVSKILL", 1, false, "", (*Server).linkKill, "SVSKILL <nick> [:<reason>]", "Is KILL."},
	{"MODE", 2, false, "", (*Server).linkMode, "MODE <channel or nick> <modes> {<parameter>}", "Changes modes of a channel; of a user as SVSMODE."},
	{"TOPIC", 2, false, "", (*Server).linkTopic, "TOPIC <channel> [<setter> <time>] :<topic>", "Changes a topic."},
	{"INVITE", 2, false, "", (*Server).cmdInvite, "INVITE <nick> <channel>", "Invites a user."},
	{"PRIVMSG", 0, false, "", (*Server).cmdPrivmsg, "PRIVMSG <target>{,<target>} :<text>", "Sends a message to users, channels, or with $<server mask> to all."},
	{"NOTICE", 0, false, "", (*Server).cmdNotice, "NOTICE <target>{,<target>} :<text>", "Sends a notice."},
	{"WALLOPS", 1, false, "", (*Server).cmdWallops, "WALLOPS :<text>", "Sends a message to all users with mode +w."},
	{"GLOBOPS", 1, false, "", (*Server).cmdGlobops, "GLOBOPS :<text>", "Sends a message to all operators."},
	{"PING", 0, false, "", (*Server).cmdPing, "PING <token>", "Asks for a PONG."},
	{"PONG", 0, false, "", (*Server).linkIgnore, "PONG", "Is ignored."},
	{"ERROR", 0, false, "", (*Server).linkIgnore, "ERROR", "Is ignored."},
	{"SVSNICK", 2, false, "", (*Server).linkSvsnick, "SVSNICK <nick> <new nick> [:<time>]", "Renames a user."},
	{"SVSMODE", 2, false, "", (*Server).linkSvsmode, "SVSMODE <nick> <modes> {<parameter>}", "Changes modes of a user; +r [<account>] logs it in, +d <svid> is what services remember it by."},
	{"SVS2MODE", 2, false, "", (*Server).linkSvsmode, "SVS2MODE <nick> <modes> {<parameter>}", "Is SVSMODE."},
	{"SVSJOIN", 2, false, "", (*Server).linkSvsjoin, "SVSJOIN <nick> <channel>{,<channel>}", "Lets a user join channels, whatever their modes."},
	{"SVSPART", 2, false, "", (*Server).linkSvspart, "SVSPART <nick> <channel>{,<channel>} [:<reason>]", "Lets a user leave channels."},
	{"SVSHOLD", 1, false, "", (*Server).linkSvshold, "SVSHOLD <nick> [<seconds> :<reason>]", "Keeps a nick from being taken, or lets it go."},
}

var linkCommands map[string]*commandRow

func init() { // not an initialiser: handlers refer to the table
	linkCommands = make(map[string]*commandRow, len(linkTable))
	for i := range linkTable {
		linkCommands[linkTable[i].name] = &linkTable[i]
	}
}

// dispatchLink is dispatch for a line of a services link.
func (s *Server) dispatchLink(link *session, c *call) {
	if _, numeric := irc.ParseNumeric(c.Command); numeric {
		return // an answer to a user's question that no user can have asked here
	}
	source := s.linkSource(link, c.Prefix().Name)
	if source == nil {
		s.fail(link, noSuchNick(printable(c.Prefix().Name)))
		return
	}
	var f *failure
	switch cmd := linkCommands[irc.UpperCommand(c.Command)]; {
	case cmd == nil:
		f = fail(irc.ERR_UNKNOWNCOMMAND, printable(c.Command))
	case c.NumParams() < cmd.minParams:
		f = needParams(cmd.name)
	default:
		f = cmd.run(s, source, c)
	}
	if f != nil {
		s.fail(source, f)
	}
}

// linkSource is who a line of the link is from: the link, one of its pseudo-clients, or nil for anybody else.
func (s *Server) linkSource(link *session, name string) *session {
	if name == "" || strings.EqualFold(name, link.nick) {
		return link
	}
	if p := s.nicks[foldNick(name)]; p != nil && p.link == link.id {
		return p
	}
	return nil
}

// linkNick introduces a pseudo-client, or renames one.
func (s *Server) linkNick(u *session, c *call) *failure {
	nick := c.Param(0)
	if c.NumParams() == 1 && u.isLink() || c.NumParams() > 1 && c.NumParams() < 5 {
		return needParams("NICK")
	}
	if !irc.ValidNick(nick, s.cfg.Limits.NickLen) {
		return fail(irc.ERR_ERRONEUSNICKNAME, printable(nick))
	}
	if owner := s.nicks[foldNick(nick)]; owner != nil && (owner != u || c.NumParams() > 1) {
		return fail(irc.ERR_NICKNAMEINUSE, nick)
	}
	if c.NumParams() == 1 {
		s.rename(u, nick)
		return nil
	}
	link := s.sessions[u.reader()]
	if len(s.pseudoClients(link)) >= maxPseudoClients {
		return failText(irc.ERR_UNAVAILRESOURCE, "This link has "+strconv.Itoa(maxPseudoClients)+" pseudo-clients already", nick)
	}
	s.introducePseudoClient(link, nick, c)
	return nil
}

// introducePseudoClient makes the session of a pseudo-client. Its id is the number of the input that introduces it,
// which no other session can have.
func (s *Server) introducePseudoClient(link *session, nick string, c *call) {
	p := &session{
		id: SessionID(s.inputs), created: s.now, lastActive: s.now, lastSpoke: s.now, signedOn: s.now,
		registered: true, services: true, link: link.id, caps: s.linkCaps(),
		realname: strings.Clone(irc.Truncate(c.Last(), s.cfg.Limits.RealLen)),
	}
	p.setIdentity(strings.Clone(nick), servicesHost, servicesHost)
	s.sessions[p.id] = p
	s.tally(p, +1)
	s.nicks[foldNick(p.nick)] = p
}

// linkQuit removes the source: a pseudo-client, or the link with all of them.
func (s *Server) linkQuit(u *session, c *call) *failure {
	reason := irc.Truncate(c.Last(), s.cfg.Limits.KickLen)
	if irc.UpperCommand(c.Command) == "SQUIT" {
		u = s.sessions[u.reader()]
	}
	s.quit(u, reason)
	return nil
}

// linkJoin lets a pseudo-client into channels, whatever their modes; one that founds a channel is its operator.
func (s *Server) linkJoin(p *session, c *call) *failure {
	if p.isLink() {
		return fail(irc.ERR_NONICKNAMEGIVEN)
	}
	s.eachChannelName(p, c.Param(0), func(name string) *failure { return s.forceJoin(p, name) })
	return nil
}

// eachChannelName calls do for each name of a comma list and tells u of failures.
func (s *Server) eachChannelName(u *session, names string, do func(name string) *failure) {
	for name := range strings.SplitSeq(names, ",") {
		if f := do(name); f != nil {
			s.fail(u, f)
		}
	}
}

// forceJoin lets u into a channel without asking the gates.
func (s *Server) forceJoin(u *session, name string) *failure {
	ch := s.channels[foldChan(name)]
	switch {
	case ch == nil && !irc.ValidChannel(name, s.cfg.Limits.ChannelLen):
		return noSuchChannel(printable(name))
	case ch == nil:
		return s.found(u, name)
	case ch.byID[u.id] == nil:
		s.enter(u, ch, 0)
	}
	return nil
}

// forcePart takes u out of a channel.
func (s *Server) forcePart(u *session, name, reason string) *failure {
	ch := s.channels[foldChan(name)]
	switch {
	case ch == nil:
		return noSuchChannel(printable(name))
	case ch.byID[u.id] == nil:
		return fail(irc.ERR_USERNOTINCHANNEL, u.nick, ch.name)
	}
	s.part(u, ch, irc.Truncate(reason, s.cfg.Limits.KickLen))
	return nil
}

func (s *Server) linkKill(p *session, c *call) *failure {
	v := s.user(c.Param(0))
	if v == nil {
		return noSuchNick(printable(c.Param(0)))
	}
	s.kill(p, v, killReason(c, s.cfg.Limits.KickLen))
	return nil
}

func (s *Server) linkMode(p *session, c *call) *failure {
	if !irc.IsChannel(c.Param(0)) {
		return s.linkSvsmode(p, c)
	}
	ch := s.channels[foldChan(c.Param(0))]
	if ch == nil {
		return noSuchChannel(printable(c.Param(0)))
	}
	s.changeModes(&modeActor{session: p, source: p.prefix}, ch, c.Params()[1:])
	return nil
}

// linkTopic changes a topic: with setter and time as services remember them, or in the name of the source.
func (s *Server) linkTopic(p *session, c *call) *failure {
	ch := s.channels[foldChan(c.Param(0))]
	if ch == nil {
		return noSuchChannel(printable(c.Param(0)))
	}
	setter, at := p.nick, s.now
	if c.NumParams() > 2 {
		seconds, err := strconv.ParseInt(c.Param(2), 10, 64)
		if err != nil || seconds < 0 || seconds > s.now/int64(time.Second) {
			return failText(irc.ERR_NEEDMOREPARAMS, "Not a time of the past in seconds", "TOPIC")
		}
		if setter = c.Param(1); seconds > 0 {
			at = seconds * int64(time.Second)
		}
	}
	ch.topic = strings.Clone(irc.Truncate(c.Last(), s.cfg.Limits.TopicLen))
	ch.topicSetter, ch.topicTime = strings.Clone(setter), at
	s.sendText(s.withoutLinks(ch.all()), p.prefix, "TOPIC", ch.name, ch.topic)
	s.servicesTopic(p, ch)
	return nil
}

func (s *Server) linkIgnore(*session, *call) *failure { return nil }

// linkSvsnick renames a user.
func (s *Server) linkSvsnick(p *session, c *call) *failure {
	v, nick := s.user(c.Param(0)), c.Param(1)
	switch {
	case v == nil:
		return noSuchNick(printable(c.Param(0)))
	case !irc.ValidNick(nick, s.cfg.Limits.NickLen):
		return fail(irc.ERR_ERRONEUSNICKNAME, printable(nick))
	case v.nick == nick:
		return nil
	}
	if owner := s.nicks[foldNick(nick)]; owner != nil && owner != v {
		return fail(irc.ERR_NICKNAMEINUSE, nick)
	}
	s.rename(v, nick)
	return nil
}

// linkSvsmode changes modes of a user. Besides the letters that users may change themselves, which give no rights, two
// mean something of their own: d is what services remember the session by, r says that it is logged in to an account.
func (s *Server) linkSvsmode(p *session, c *call) *failure {
	v := s.user(c.Param(0))
	if v == nil {
		return noSuchNick(printable(c.Param(0)))
	}
	var changes []irc.ModeChange
	for _, m := range parseSvsmode(c.Param(1), c.Params()[2:], v.nick) {
		switch {
		case m.Mode == 'd':
			v.svid = strings.Clone(m.Param)
			continue
		case m.Mode == 'r':
			s.setAccount(v, m.Param)
		case !settableByUsers(m.Mode):
			s.fail(p, fail(irc.ERR_UMODEUNKNOWNFLAG))
			continue
		}
		changes = append(changes, irc.ModeChange{Add: m.Add, Mode: m.Mode})
	}
	s.changeUserModes(v, s.sessions[p.reader()].nick, changes)
	return nil
}

// parseSvsmode reads modes, of which +d has a parameter and +r may have one: the account, which is nick when it is not
// given. What +d takes comes first: there is one for +r only when there are more parameters than +d needs.
func parseSvsmode(modes string, params []string, nick string) (changes []irc.ModeChange) {
	forAccounts := len(params) - strings.Count(modes, "d")
	next := func() (param string) {
		if len(params) > 0 {
			param, params = params[0], params[1:]
		}
		return param
	}
	add := true
	for _, letter := range []byte(modes) {
		c := irc.ModeChange{Add: add, Mode: letter}
		switch {
		case letter == '+' || letter == '-':
			add = letter == '+'
			continue
		case letter == 'd' && add:
			c.Param = next()
		case letter == 'r' && add:
			if c.Param = nick; forAccounts > 0 {
				c.Param = next()
				forAccounts--
			}
		}
		changes = append(changes, c)
	}
	return changes
}

func (s *Server) linkSvsjoin(p *session, c *call) *failure {
	v := s.user(c.Param(0))
	if v == nil {
		return noSuchNick(printable(c.Param(0)))
	}
	s.eachChannelName(p, c.Param(1), func(name string) *failure { return s.forceJoin(v, name) })
	return nil
}

func (s *Server) linkSvspart(p *session, c *call) *failure {
	v := s.user(c.Param(0))
	if v == nil {
		return noSuchNick(printable(c.Param(0)))
	}
	s.eachChannelName(p, c.Param(1), func(name string) *failure { return s.forcePart(v, name, c.Param(2)) })
	return nil
}

// linkSvshold holds a nick for so many seconds, or lets it go.
func (s *Server) linkSvshold(p *session, c *call) *failure {
	nick := foldNick(strings.Clone(c.Param(0)))
	if c.NumParams() == 1 {
		if i := s.findHold(nick); i >= 0 {
			s.holds = append(s.holds[:i], s.holds[i+1:]...)
		}
		return nil
	}
	d, ok := parseDuration(c.Param(1))
	if !ok || !irc.ValidNick(c.Param(0), s.cfg.Limits.NickLen) {
		s.notice(p, "Invalid SVSHOLD: nick, duration and reason wanted")
		return nil
	}
	h := nickHold{nick: nick, reason: strings.Clone(irc.Truncate(c.Param(2), s.cfg.Limits.KickLen))}
	if d > 0 {
		h.expiry = s.now + int64(d)
	}
	if !s.hold(h) {
		s.notice(p, "There are "+strconv.Itoa(maxHolds)+" held nicks already")
	}
	return nil
}
