package ircserver

import (
	"cmp"
	"slices"
	"strings"

	"robustirc/core/irc"
)

// A services link is a session that speaks the server protocol of the original RobustIRC (that of Anope's module for
// it, which derives from UnrealIRCd 3.2): it introduces pseudo-clients with NICK, speaks for them with a source, and is
// told what happens on the network. Its pseudo-clients are sessions without a stream of their own: what they are sent
// goes to the link (session.reader).
//
// Links see NICK changes, QUIT, PART, KICK, MODE and INVITE as clients do: they are in the audiences of those lines
// (Server.witnesses, withLinks). What they are told in a form of their own is made here: introductions, SJOIN, TOPIC.

// servicesHost is the user and host that clients see of every pseudo-client, as in the original.
const servicesHost = "services"

// maxPseudoClients bounds the pseudo-clients of one link.
const maxPseudoClients = 1000

// isLink reports whether u is a services link itself.
func (u *session) isLink() bool { return u.services && u.link == 0 }

// IsServices reports whether a session is a services link: the edge does not throttle those.
func (s *Server) IsServices(id SessionID) bool {
	u := s.sessions[id]
	return u != nil && u.services
}

// cmdServer turns a session whose PASS proved that it is services into a link, and tells it about the network.
func (s *Server) cmdServer(u *session, c *call) *failure {
	name := c.Param(0)
	switch {
	case u.registered:
		return fail(irc.ERR_ALREADYREGISTERED)
	case !slices.Contains(strings.Fields(u.granted), grantServices):
		s.sendText(only(u), "", "ERROR", "Invalid password")
		return nil
	case !irc.IsServerName(name) || name == s.name() || s.linkNamed(name) != nil:
		s.sendText(only(u), "", "ERROR", "Invalid or used server name")
		return nil
	}
	if u.nick != "" {
		delete(s.nicks, foldNick(u.nick))
	}
	u.services, u.registered, u.signedOn, u.modes = true, true, s.now, 0
	s.tally(u, +1)
	u.granted, u.pass, u.cookie = "", "", ""
	u.setCaps(u.caps | s.linkCaps())
	u.setIdentity(strings.Clone(name), "", "")
	u.realname = strings.Clone(irc.Truncate(c.Last(), s.cfg.Limits.RealLen))
	s.findLinks()
	s.burst(u)
	s.snotice(nil, "Services link "+u.nick+" is up")
	return nil
}

// linkCaps are the capabilities of links, and of what is read by them.
func (s *Server) linkCaps() Caps {
	if s.cfg.MachineVersion < 2 {
		return 0
	}
	return CapLink
}

func (s *Server) linkNamed(name string) *session {
	for _, l := range s.links {
		if strings.EqualFold(l.nick, name) {
			return l
		}
	}
	return nil
}

// burst tells a new link about everything there is, in the order of nicks and of channel names.
func (s *Server) burst(link *session) {
	to := only(link)
	s.send(to, "", "SERVER", s.name(), "1", "23") // hops, and a token that is not the link's
	for _, v := range s.byNick() {
		if !v.services {
			s.sendIntroduction(to, v)
		}
	}
	for _, ch := range s.byName() {
		s.burstChannel(to, ch)
	}
}

// byName returns all channels, sorted by folded name.
func (s *Server) byName() []*channel {
	list := make([]*channel, 0, len(s.channels))
	for _, ch := range s.channels { // order does not matter: sorted below
		list = append(list, ch)
	}
	slices.SortFunc(list, func(a, b *channel) int { return cmp.Compare(foldChan(a.name), foldChan(b.name)) })
	return list
}

func (s *Server) burstChannel(to Audience, ch *channel) {
	for _, m := range ch.members {
		s.sendSjoin(to, ch, m)
	}
	if ch.modes != 0 {
		s.send(to, s.name(), "MODE", append([]string{ch.name}, s.modeWords(ch, true)...)...)
	}
	if ch.topic != "" {
		s.sendText(to, s.name(), "TOPIC", ch.name, ch.topicSetter, seconds(ch.topicTime), ch.topic)
	}
}

// The three things that links are told in a form of their own. Each costs nothing while there is no link.

// introduce tells the services links about u, which has just registered.
func (s *Server) introduce(u *session) {
	if to := s.otherLinks(nil); !to.empty() && !u.services {
		s.sendIntroduction(to, u)
	}
}

// servicesJoin tells the services links that m has joined ch.
func (s *Server) servicesJoin(ch *channel, m *member) {
	if to := s.otherLinks(m.session); !to.empty() {
		s.sendSjoin(to, ch, m)
	}
}

// servicesTopic tells the services links that u has changed ch's topic.
func (s *Server) servicesTopic(u *session, ch *channel) {
	if to := s.otherLinks(u); !to.empty() {
		s.sendText(to, u.nick, "TOPIC", ch.name, u.nick, seconds(s.now), ch.topic)
	}
}

// otherLinks is all links except the one that u, who may be nil, belongs to.
func (s *Server) otherLinks(u *session) Audience {
	if len(s.links) == 0 {
		return Audience{}
	}
	var list []Recipient
	for _, l := range s.links {
		list = append(list, l.recipient())
	}
	a := newAudience(list)
	if u != nil && u.services {
		a.skip = u.reader()
	}
	return a
}

// sendIntroduction sends NICK with 8+1 parameters: nick, hops, time, user, host, server, services id, modes, real name.
func (s *Server) sendIntroduction(to Audience, u *session) {
	svid := u.svid
	if svid == "" {
		svid = "0"
	}
	s.sendText(to, "", "NICK", u.nick, "1", seconds(u.signedOn), u.user, u.host, s.name(), svid, "+"+u.modes.String(), u.realname)
}

// sjoinPrefix are the prefixes of SJOIN, which are those of UnrealIRCd 3.2 and differ from those of NAMES.
var sjoinPrefix = []struct {
	bit    status
	prefix byte
}{{statusOwner, '*'}, {statusAdmin, '~'}, {statusOp, '@'}, {statusHalfop, '%'}, {statusVoice, '+'}}

func (s *Server) sendSjoin(to Audience, ch *channel, m *member) {
	var prefixes []byte
	for _, row := range sjoinPrefix {
		if m.status&row.bit != 0 {
			prefixes = append(prefixes, row.prefix)
		}
	}
	s.sendText(to, s.name(), "SJOIN", "1", ch.name, string(prefixes)+m.nick)
}

// withoutLinks is a without the services links, which are in channels through their pseudo-clients: for lines that
// they are told in their own form.
func (s *Server) withoutLinks(a Audience) Audience {
	if len(s.links) == 0 || !slices.ContainsFunc(s.links, func(l *session) bool { return a.has(l.id) }) {
		return a
	}
	list := slices.DeleteFunc(slices.Clone(a.list), func(r Recipient) bool {
		return slices.ContainsFunc(s.links, func(l *session) bool { return l.id == r.Session })
	})
	b := newAudience(list)
	b.skip = a.skip
	return b
}

// alias is the handler of a service's short name: a PRIVMSG to that service.
func alias(service string) handler {
	return func(s *Server, u *session, c *call) *failure {
		text := c.rest(0)
		if text == "" {
			return fail(irc.ERR_NOTEXTTOSEND)
		}
		v := s.user(service)
		if v == nil || !v.services {
			return fail(irc.ERR_SERVICESDOWN, service)
		}
		u.lastSpoke = s.now
		s.sendText(only(v), u.prefix, "PRIVMSG", v.nick, text).Account = u.account
		return nil
	}
}

// nickHold keeps a nick from being taken (SVSHOLD).
type nickHold struct {
	nick   nickKey
	reason string
	expiry int64 // zero is never
}

// maxHolds bounds the nicks that services hold.
const maxHolds = 10000

// held returns the SVSHOLD on nick that has not run out, or nil.
func (s *Server) held(nick string) *nickHold {
	if len(s.holds) == 0 {
		return nil
	}
	if i := s.findHold(foldNick(nick)); i >= 0 && !expired(s.holds[i].expiry, s.now) {
		return &s.holds[i]
	}
	return nil
}

func (s *Server) findHold(nick nickKey) int {
	return slices.IndexFunc(s.holds, func(h nickHold) bool { return h.nick == nick })
}

// hold keeps nick from being taken until expiry, and reports whether there was room.
func (s *Server) hold(h nickHold) bool {
	if i := s.findHold(h.nick); i >= 0 {
		s.holds[i] = h
		return true
	}
	if len(s.holds) >= maxHolds {
		return false
	}
	s.holds = append(s.holds, h)
	return true
}

// setAccount logs u in to an account, or out with "", and tells it (900, 901).
func (s *Server) setAccount(u *session, account string) {
	if u.account == account {
		return
	}
	u.account = strings.Clone(account)
	if account == "" {
		s.reply(u, irc.RPL_LOGGEDOUT, u.prefix)
	} else {
		s.replyText(u, irc.RPL_LOGGEDIN, irc.RPL_LOGGEDIN.Textf(account), u.prefix, account)
	}
}

// pseudoClients returns the pseudo-clients of the services link u, in the order of their ids.
func (s *Server) pseudoClients(u *session) []*session {
	if !u.isLink() {
		return nil
	}
	var list []*session
	for _, p := range s.sessions { // order does not matter: sorted below
		if p.link == u.id {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	return list
}

// findLinks makes s.links anew from the sessions.
func (s *Server) findLinks() {
	s.links = s.links[:0]
	for _, u := range s.sessions { // order does not matter: sorted below
		if u.isLink() {
			s.links = append(s.links, u)
		}
	}
	slices.SortFunc(s.links, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
}
