package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

func (s *Server) cmdPrivmsg(u *session, c *call) *failure { return s.message(u, c, false) }

// cmdNotice is cmdPrivmsg without any answer: neither servers nor clients may answer a NOTICE, so that two programs
// cannot answer each other for ever (RFC 2812 section 3.3.2, Modern IRC). One before registration goes nowhere.
func (s *Server) cmdNotice(u *session, c *call) *failure {
	if u.registered {
		s.message(u, c, true)
	}
	return nil
}

// post is one PRIVMSG or NOTICE on its way to its targets.
type post struct {
	s       *Server
	by      *session
	command string
	notice  bool
	text    string
}

// message sends one text to a list of targets. Targets that are named twice get it once; those beyond the limit
// (ISUPPORT TARGMAX) get nothing, of which the sender is told.
func (s *Server) message(u *session, c *call, notice bool) *failure {
	p := &post{s: s, by: u, command: "PRIVMSG", notice: notice, text: c.Param(1)}
	if notice {
		p.command = "NOTICE"
	}
	switch {
	case c.Param(0) == "":
		return failText(irc.ERR_NORECIPIENT, irc.ERR_NORECIPIENT.Textf(p.command))
	case p.text == "":
		return fail(irc.ERR_NOTEXTTOSEND)
	}
	u.lastSpoke = s.now
	var done []string
	for list, more := c.Param(0), true; more; {
		var target string
		target, list, more = strings.Cut(list, ",")
		key := casemapping.Fold(target)
		if target == "" || slices.Contains(done, key) {
			continue
		}
		if len(done) >= s.cfg.Limits.TargetsPerMessage {
			p.refuse(fail(irc.ERR_TOOMANYTARGETS, printable(target)))
			break
		}
		p.refuse(p.to(target))
		if more {
			done = append(done, key)
		}
	}
	return nil
}

// refuse tells the sender why a target was not reached; the sender of a NOTICE is told nothing.
func (p *post) refuse(f *failure) {
	if f != nil && !p.notice {
		p.s.fail(p.by, f)
	}
}

// to sends the text to one target: a channel, those in a channel with some status, servers, or a user.
func (p *post) to(target string) *failure {
	switch {
	case irc.IsChannel(target):
		return p.toChannel(target)
	case target[0] == '$':
		return p.toServers(target)
	}
	if symbols, name := p.s.modeOffer().spec.CutSymbols(target); symbols != "" && irc.IsChannel(name) {
		return p.toStatus(symbols, name)
	}
	return p.toUser(target)
}

// emit sends the text with the sender's prefix.
func (p *post) emit(to Audience, target, text string) {
	if len(to.list) == 0 || len(to.list) == 1 && to.list[0].Session == to.skip {
		return
	}
	var b strings.Builder
	b.Grow(len(p.by.prefix) + len(p.command) + len(target) + len(text) + len(":    :"))
	b.WriteByte(':')
	b.WriteString(p.by.prefix)
	b.WriteByte(' ')
	b.WriteString(p.command)
	b.WriteByte(' ')
	b.WriteString(target)
	b.WriteString(" :")
	b.WriteString(text)
	p.s.emit(to, b.String()).Account = p.by.account
}

func (p *post) toChannel(name string) *failure {
	ch := p.s.channels[foldChan(name)]
	if ch == nil {
		return noSuchChannel(printable(name))
	}
	text, f := p.s.speakGate(p.by, ch, p.text, p.notice)
	if f == nil {
		p.emit(ch.hearersBut(p.by), ch.name, text)
	}
	return f
}

// toStatus sends to the members with the lowest of the named statuses or a higher one (STATUSMSG). Only members can.
func (p *post) toStatus(symbols, name string) *failure {
	ch := p.s.channels[foldChan(name)]
	if ch == nil {
		return noSuchChannel(printable(name))
	}
	if ch.byID[p.by.id] == nil && !p.by.services {
		return fail(irc.ERR_CANNOTSENDTOCHAN, ch.name)
	}
	text, f := p.s.speakGate(p.by, ch, p.text, p.notice)
	if f != nil {
		return f
	}
	symbol := lowestSymbol(p.s.statusmsgToken(), symbols)
	lowest := p.s.statusOf(symbol)
	to := selected(ch.members, func(m *member) bool {
		return m.status.atLeast(lowest) && m.hears() && !m.silences(p.by)
	})
	p.emit(to.but(p.by), string(rune(symbol))+ch.name, text)
	return nil
}

// lowestSymbol is the one of symbols that stands last in ranking, which has the highest first.
func lowestSymbol(ranking, symbols string) byte {
	return ranking[strings.LastIndexAny(ranking, symbols)]
}

// privMassMessage is the privilege of operators that may write to everybody.
const privMassMessage = "massmessage"

// toServers sends to everybody, when the mask ($mask or $$mask) is that of this network's one server.
func (p *post) toServers(target string) *failure {
	mask := strings.TrimPrefix(target[1:], "$")
	switch {
	case !p.by.services && !p.s.may(p.by, privMassMessage):
		return lacks(p.by, privMassMessage)
	case !irc.MatchMask(irc.ASCII, mask, p.s.name()):
		return fail(irc.ERR_NOSUCHSERVER, printable(mask))
	}
	var list []Recipient
	for _, v := range p.s.sessions { // order does not matter: newAudience sorts
		if v.registered && !v.services {
			list = append(list, v.recipient())
		}
	}
	p.emit(newAudience(list).but(p.by), target, p.text)
	return nil
}

func (p *post) toUser(name string) *failure {
	to := p.s.addressee(name)
	if to == nil {
		return noSuchNick(printable(name))
	}
	if to.silences(p.by) {
		return nil
	}
	if f := p.privateGate(to); f != nil {
		return f
	}
	if !p.accepted(to) {
		return nil
	}
	p.emit(only(to), to.nick, p.text)
	if to.away != "" && !p.notice {
		p.s.replyText(p.by, irc.RPL_AWAY, to.away, to.nick)
	}
	return nil
}

// addressee is the user with this nick, which may have its server behind it (RFC 2812 section 3.3.1): the network's
// name, or that of a services link for its pseudo-clients, so that a password meant for services reaches nobody else.
func (s *Server) addressee(name string) *session {
	nick, server, qualified := strings.Cut(name, "@")
	to := s.user(nick)
	switch {
	case to == nil || !qualified:
		return to
	case to.services && to.link != 0 && strings.EqualFold(server, s.sessions[to.link].nick):
		return to
	case !to.services && strings.EqualFold(server, s.name()):
		return to
	}
	return nil
}

// callerIDInterval is how often a user is told of those it does not accept, in nanoseconds.
const callerIDInterval = 60e9

// mayDisturb reports whether caller id and +R do not hold the sender off: it is accepted, or the user itself, or
// answerable to everybody.
func (p *post) mayDisturb(to *session) bool {
	return to == p.by || p.by.services || p.by.isOper() || to.accepts(p.by)
}

// privateGate says why a user that demands an account (+R) is not reached, and whether the sender's own caller id
// lets the answer through.
func (p *post) privateGate(to *session) *failure {
	if to.modes.has('R') && p.by.account == "" && !p.mayDisturb(to) {
		return fail(irc.ERR_NONONREG, to.nick)
	}
	if p.notice || to == p.by || to.services || p.by.letsIn(to) {
		return nil
	}
	if len(p.by.accept) >= p.s.cfg.Limits.Accept {
		return fail(irc.ERR_OWNMODE, to.nick)
	}
	p.by.accept = append(p.by.accept, to.id) // whom one writes to may answer
	return nil
}

// accepted reports whether the caller id of to (+g, +G) lets the sender in. If not, the sender of a PRIVMSG is told,
// and to is told who tries, not too often.
func (p *post) accepted(to *session) bool {
	if to.letsIn(p.by) || p.mayDisturb(to) {
		return true
	}
	p.refuse(fail(irc.ERR_TARGUMODEG, to.nick))
	if !p.notice && p.s.now-to.callerIDTold >= callerIDInterval {
		to.callerIDTold = p.s.now
		p.s.reply(p.by, irc.RPL_TARGNOTIFY, to.nick)
		p.s.reply(to, irc.RPL_UMODEGMSG, p.by.nick, p.by.user+"@"+p.by.host)
	}
	return false
}

// letsIn reports whether u's caller id does not keep v's messages away.
func (u *session) letsIn(v *session) bool {
	switch {
	case u.accepts(v):
		return true
	case u.modes.has('g'):
		return false
	case u.modes.has('G'):
		return shareChannel(u, v)
	}
	return true
}
