package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// effectSay sends a message of somebody who is no session.
func (s *Server) effectSay(e *effect) string {
	command := irc.UpperCommand(e.Param(0))
	text := e.rest(3)
	switch {
	case command != "PRIVMSG" && command != "NOTICE":
		return "SAY takes PRIVMSG or NOTICE"
	case text == "":
		return irc.ERR_NOTEXTTOSEND.Text()
	}
	to, target := s.sayTo(e, e.Param(2))
	s.sendText(to, s.source(e, 1), command, target, text)
	return ""
}

// sayTo is who hears what is said to a target, and how they see it. Of a target that is not there the gateway is told.
func (s *Server) sayTo(e *effect, target string) (to Audience, shown string) {
	if target == "$*" {
		return s.everybody(), target
	}
	symbols, name := s.modeOffer().spec.CutSymbols(target)
	if !irc.IsChannel(name) {
		if u := s.guest(e.g, e.name, target); u != nil {
			to, shown = only(u), u.nick
		}
		return to, shown
	}
	ch := s.channels[foldChan(name)]
	if ch == nil {
		s.refuse(e.g, e.name, target, "No such channel")
		return to, ""
	}
	if symbols == "" {
		if ch.hearers == nil {
			ch.findHearers()
		}
		return *ch.hearers, ch.name
	}
	symbol := lowestSymbol(s.statusmsgToken(), symbols)
	lowest := s.statusOf(symbol)
	to = selected(ch.members, func(m *member) bool { return m.status.atLeast(lowest) && m.hears() })
	return to, string(rune(symbol)) + ch.name
}

// everybody is all users.
func (s *Server) everybody() Audience {
	var list []Recipient
	for _, v := range s.sessions { // order does not matter: newAudience sorts
		if v.registered && !v.services {
			list = append(list, v.recipient())
		}
	}
	return newAudience(list)
}

// effectWallops sends a text to all users with mode +w.
func (s *Server) effectWallops(e *effect) string {
	if text := e.rest(1); text != "" {
		s.sendText(s.withMode('w'), s.source(e, 0), "WALLOPS", text)
	}
	return ""
}

// gatewayBans are the kinds of bans that gateways know; they are all the same here.
var gatewayBans = []string{"kline", "dline", "gline"}

// effectBan bans from the network everybody but the gateway's own users.
func (s *Server) effectBan(e *effect) string {
	b, why := s.gatewayBan(e)
	if why != "" {
		return why
	}
	setAt, ok1 := parseSeconds(e.Param(3))
	expires, ok2 := parseSeconds(e.Param(4))
	if !ok1 || !ok2 {
		return badTime
	}
	b.setter = strings.Clone(sourceName(e.Param(2)))
	b.reason = strings.Clone(irc.Truncate(e.rest(5), s.cfg.Limits.KickLen))
	b.time, b.expiry = setAt, expires
	if expired(b.expiry, s.now) {
		return s.effectUnban(e)
	}
	if i := s.findBan(b); i >= 0 && s.bans[i] == b {
		return ""
	}
	if !s.addBan(b) {
		return "The list of network bans is full (" + itoa(maxBans) + ")"
	}
	removed := 0
	if s.users > len(e.g.users) { // there is somebody whom it concerns
		removed = s.enforce(func(v *session) bool { return b.concerns(v) && userHostMatches(b.mask, v) })
	}
	s.snotice(nil, "Network ban ("+b.kind+" of "+b.gateway+") on "+b.mask+" by "+b.setter+": "+b.reason+" ("+itoa(removed)+" removed)")
	return ""
}

// gatewayBan reads kind and mask.
func (s *Server) gatewayBan(e *effect) (b networkBan, why string) {
	kind, mask := strings.ToLower(e.Param(0)), e.Param(1)
	user, host := cutUserHost(mask)
	switch {
	case !slices.Contains(gatewayBans, kind):
		return b, "The kinds are " + strings.Join(gatewayBans, ", ")
	case user == "" || host == "" || strings.ContainsAny(mask, "! ,") || strings.Contains(host, "@") || len(user)+1+len(host) > maxBanMask:
		return b, "Not a user@host mask of at most " + itoa(maxBanMask) + " bytes"
	}
	return networkBan{mask: user + "@" + host, gateway: e.g.name, kind: strings.Clone(kind)}, ""
}

// effectUnban removes such a ban.
func (s *Server) effectUnban(e *effect) string {
	b, why := s.gatewayBan(e)
	if why != "" {
		return why
	}
	if i := s.findBan(b); i >= 0 {
		s.bans = slices.Delete(s.bans, i, i+1)
		s.snotice(nil, "Network ban ("+b.kind+" of "+b.gateway+") on "+b.mask+" removed")
	}
	return ""
}

func (s *Server) effectPing(e *effect) string {
	s.tell(e.g, true, "PONG", s.name(), e.rest(0))
	return ""
}

func (s *Server) effectState(e *effect) string {
	s.burstGateway(e.g, printable(e.Param(0)))
	return ""
}
