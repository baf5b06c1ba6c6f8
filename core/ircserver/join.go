package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// cmdJoin joins channels, each on its own; "0" leaves all.
func (s *Server) cmdJoin(u *session, c *call) *failure {
	if c.Param(0) == "0" {
		for len(u.channels) > 0 {
			s.part(u, u.channels[0], "")
		}
		return nil
	}
	keys := strings.Split(c.Param(1), ",")
	for i, name := range strings.Split(c.Param(0), ",") {
		key := ""
		if i < len(keys) {
			key = keys[i]
		}
		if name == "" {
			continue
		}
		if f := s.join(u, name, key); f != nil {
			s.fail(u, f)
		}
	}
	return nil
}

// join lets u into the channel of this name, or into the one it forwards to, or says why not.
func (s *Server) join(u *session, name, key string) *failure {
	ch := s.channels[foldChan(name)]
	switch {
	case ch != nil && ch.byID[u.id] != nil:
		return nil
	case !irc.ValidChannel(name, s.cfg.Limits.ChannelLen):
		return noSuchChannel(printable(name))
	case len(u.channels) >= s.cfg.Limits.ChannelsPerUser:
		return fail(irc.ERR_TOOMANYCHANNELS, name)
	case ch == nil:
		return s.found(u, name)
	}
	ch, f := s.admit(u, ch, key)
	if f == nil && ch.byID[u.id] == nil {
		s.enter(u, ch, 0)
	}
	return f
}

// found makes a new channel with u as its operator.
func (s *Server) found(u *session, name string) *failure {
	if s.cfg.MaxChannels > 0 && len(s.channels) >= s.cfg.MaxChannels {
		return failText(irc.ERR_NOSUCHCHANNEL, "The network has as many channels as it may have", name)
	}
	ch := newChannel(strings.Clone(name), s.now)
	ch.modes.set('n')
	ch.modes.set('t')
	s.channels[foldChan(ch.name)] = ch
	s.appear(u, ch, statusOp)
	s.send(s.witnesses(ch), s.name(), "MODE", ch.name, "+"+ch.modes.String())
	s.show(u, ch)
	return nil
}

// enter makes u a member of ch with the given status, and shows u to the channel and the channel to u.
func (s *Server) enter(u *session, ch *channel, st status) {
	s.appear(u, ch, st)
	s.show(u, ch)
}

// appear makes u a member, which the others see.
func (s *Server) appear(u *session, ch *channel, st status) {
	m := ch.add(u, st, s.now)
	s.uninvite(u, ch)
	s.send(s.withoutLinks(ch.seers(m)), u.prefix, "JOIN", ch.name)
	s.servicesJoin(ch, m)
}

// show sends u what a client needs to know of a channel that it has joined.
func (s *Server) show(u *session, ch *channel) {
	if u.services {
		return
	}
	if ch.topic != "" {
		s.showTopic(u, ch)
	}
	s.names(u, ch)
}

// cmdPart leaves channels.
func (s *Server) cmdPart(u *session, c *call) *failure {
	reason := irc.Truncate(c.Param(1), s.cfg.Limits.KickLen)
	for _, name := range strings.Split(c.Param(0), ",") {
		if name == "" {
			continue
		}
		ch, f := s.channelFor(u, name)
		switch {
		case f != nil:
			s.fail(u, f)
		case ch.byID[u.id] == nil:
			s.fail(u, notOnChannel(ch.name))
		default:
			s.part(u, ch, reason)
		}
	}
	return nil
}

// part takes u out of ch with a PART that the members see.
func (s *Server) part(u *session, ch *channel, reason string) {
	to := s.witnessesOf(u, ch)
	if reason == "" {
		s.send(to, u.prefix, "PART", ch.name)
	} else {
		s.sendText(to, u.prefix, "PART", ch.name, reason)
	}
	s.leave(u, ch)
}
