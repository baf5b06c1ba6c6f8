package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// The second look: a command of a gateway's user was dispatched like everybody's; where a rule of this network refused
// what the user's own network allowed, it is made so by the effect of the same name, and the gateway is told.

// look is a second look at a command.
type look struct {
	*call
	u    *session
	g    *gateway
	name string
}

// repaired tells the gateway what a second look has changed.
func (s *Server) repaired(l *look, target, what string) {
	s.tell(l.g, true, "REPAIRED", l.u.uid, l.name, printable(target), what)
}

// ensureJoin: a member of each channel, or after JOIN 0 of none.
func (s *Server) ensureJoin(l *look) {
	if l.Param(0) == "0" {
		return
	}
	for name := range strings.SplitSeq(l.Param(0), ",") {
		ch := s.channels[foldChan(name)]
		if name == "" || ch != nil && ch.byID[l.u.id] != nil {
			continue
		}
		if why := s.mayHold(l.u, name); why != "" {
			s.refuse(l.g, l.name, name, why)
			continue
		}
		if ch == nil {
			s.found(l.u, name) // beyond ChannelsPerUser
		} else {
			s.enter(l.u, ch, 0)
		}
		s.repaired(l, name, "joined")
	}
}

// mayHold says why a gateway cannot put u into the channel of this name, or "".
func (s *Server) mayHold(u *session, name string) string {
	switch {
	case !irc.ValidChannel(name, s.cfg.Limits.ChannelLen):
		return "Not a channel that this network can have"
	case s.channels[foldChan(name)] == nil && s.cfg.MaxChannels > 0 && len(s.channels) >= s.cfg.MaxChannels:
		return "The network has as many channels as it may have"
	case u != nil && len(u.channels) >= gatewayChannels:
		return "A user is on at most " + itoa(gatewayChannels) + " channels"
	}
	return ""
}

// ensurePart: no member of any of the channels.
func (s *Server) ensurePart(l *look) {
	for name := range strings.SplitSeq(l.Param(0), ",") {
		if ch := s.channels[foldChan(name)]; ch != nil && ch.byID[l.u.id] != nil {
			s.part(l.u, ch, irc.Truncate(l.Param(1), s.cfg.Limits.KickLen))
			s.repaired(l, name, "left")
		}
	}
}

// ensureNick: has this nick, or when it cannot be had one like it.
func (s *Server) ensureNick(l *look) {
	asked := l.Param(0)
	if asked == "" || asked == l.u.nick {
		return
	}
	nick := s.forceNick(l.u, asked)
	switch {
	case nick != "":
		s.repaired(l, asked, nick)
	case l.u.nick != asked:
		s.tellUser(l.u) // it stays as it was
	}
}

// ensureMode: the channel, or the user itself, has these modes.
func (s *Server) ensureMode(l *look) {
	if l.NumParams() < 2 {
		return
	}
	if !irc.IsChannel(l.Param(0)) {
		s.ensureUmode(l)
		return
	}
	ch := s.channels[foldChan(l.Param(0))]
	if ch == nil {
		s.refuse(l.g, l.name, l.Param(0), "No such channel")
		return
	}
	e := s.forceModes(&modeActor{session: l.u, source: l.u.prefix, effect: l.g}, ch, l.Params()[1:])
	if len(e.applied) > 0 {
		s.repaired(l, ch.name, e.summary())
	}
}

// ensureUmode: operators are made by CLASS alone.
func (s *Server) ensureUmode(l *look) {
	if foldNick(l.Param(0)) != foldNick(l.u.nick) {
		return
	}
	changes, _ := irc.ParseModes(userModeSpec, l.Params()[1:2])
	changes = slices.DeleteFunc(lastOfEach(withoutOper(changes)), func(c irc.ModeChange) bool { return l.u.modes.has(c.Mode) == c.Add })
	if len(changes) > 0 {
		s.changeUserModes(l.u, l.u.nick, changes)
		s.repaired(l, l.u.nick, strings.Join(irc.FormatModes(changes, 0, 0), " "))
	}
}

// ensureTopic: the channel has this topic.
func (s *Server) ensureTopic(l *look) {
	if l.NumParams() < 2 {
		return
	}
	ch := s.channels[foldChan(l.Param(0))]
	switch {
	case ch == nil:
		s.refuse(l.g, l.name, l.Param(0), "No such channel")
	case ch.topic != irc.Truncate(l.Param(1), s.cfg.Limits.TopicLen):
		s.setTopic(l.u, ch, l.Param(1))
		s.repaired(l, ch.name, "topic")
	}
}

// ensureKick: none of those named is a member of the channel, each of its own when there are several.
func (s *Server) ensureKick(l *look) {
	names, nicks := strings.Split(l.Param(0), ","), strings.Split(l.Param(1), ",")
	if len(names) != 1 && len(names) != len(nicks) {
		return
	}
	reason := irc.Truncate(l.Param(2), s.cfg.Limits.KickLen)
	if reason == "" {
		reason = l.u.nick
	}
	for i, nick := range nicks {
		ch, v := s.channels[foldChan(names[min(i, len(names)-1)])], s.user(nick)
		if ch == nil || v == nil || ch.byID[v.id] == nil {
			continue
		}
		name := ch.name
		s.expel(l.u.prefix, ch.byID[v.id], ch, reason)
		s.repaired(l, name, "removed "+v.nick)
	}
}
