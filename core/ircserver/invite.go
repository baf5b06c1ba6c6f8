package ircserver

import (
	"slices"
	"time"

	"robustirc/core/irc"
)

// invitation lets a session past the gates of one channel, once. It names the channel and when that was made, so that
// it does not open a later channel of the same name.
type invitation struct {
	channel chanKey
	created int64
}

func invitationTo(ch *channel) invitation { return invitation{foldChan(ch.name), ch.created} }

// maxInvites is how many invitations a session keeps; the oldest goes when there are more.
const maxInvites = 32

// invitedTo reports whether an operator of ch has invited u.
func (u *session) invitedTo(ch *channel) bool {
	return len(u.invites) > 0 && slices.Contains(u.invites, invitationTo(ch))
}

// cmdInvite invites somebody, or lists where u is invited to.
func (s *Server) cmdInvite(u *session, c *call) *failure {
	switch c.NumParams() {
	case 0:
		s.listInvites(u)
		return nil
	case 1:
		return needParams("INVITE")
	}
	v := s.user(c.Param(0))
	if v == nil {
		return noSuchNick(printable(c.Param(0)))
	}
	ch, f := s.channelFor(u, c.Param(1))
	if f != nil {
		return f
	}
	if f := s.inviteGate(u, v, ch); f != nil {
		return f
	}
	s.invite(u, v, ch)
	return nil
}

// inviteGate says why u may not invite v to ch, or nil: members may, half-operators and above only while +i.
func (s *Server) inviteGate(u, v *session, ch *channel) *failure {
	m := ch.byID[u.id]
	switch {
	case m == nil && !u.services:
		return notOnChannel(ch.name)
	case ch.byID[v.id] != nil:
		return fail(irc.ERR_USERONCHANNEL, v.nick, ch.name)
	case ch.modes.has('i') && !u.services && !m.status.atLeast(statusHalfop):
		return needOp(ch.name)
	}
	return nil
}

// invite tells v of the invitation. It opens the channel's gates only when one invites who could open them otherwise: a
// half-operator or above; from others it is a message. The operators of an invite-only channel are told.
func (s *Server) invite(u, v *session, ch *channel) {
	if m := ch.byID[u.id]; m == nil || m.status.atLeast(statusHalfop) {
		s.noteInvite(v, ch)
	}
	s.reply(u, irc.RPL_INVITING, v.nick, ch.name)
	if v.away != "" {
		s.replyText(u, irc.RPL_AWAY, v.away, v.nick)
	}
	if !v.silences(u) {
		s.send(s.withLinks(only(v)), u.prefix, "INVITE", v.nick, ch.name)
	}
	if to := selected(ch.members, halfopAndAbove).but(u); ch.modes.has('i') && to.Len() > 0 {
		s.sendText(to, s.name(), "NOTICE", "@"+ch.name, u.nick+" has invited "+v.nick)
	}
}

func halfopAndAbove(m *member) bool { return m.status.atLeast(statusHalfop) }

// noteInvite files the invitation; those to channels that are no more make room first, then the oldest.
func (s *Server) noteInvite(v *session, ch *channel) {
	s.uninvite(v, ch)
	v.invites = slices.DeleteFunc(v.invites, func(i invitation) bool { return !s.stands(i) })
	if len(v.invites) == maxInvites {
		v.invites = slices.Delete(v.invites, 0, 1)
	}
	v.invites = append(v.invites, invitationTo(ch))
}

// stands reports whether the channel of an invitation still exists.
func (s *Server) stands(i invitation) bool {
	ch := s.channels[i.channel]
	return ch != nil && ch.created == i.created
}

// uninvite uses up u's invitation to ch, if there is one.
func (s *Server) uninvite(u *session, ch *channel) {
	if len(u.invites) > 0 {
		u.invites = slices.DeleteFunc(u.invites, func(i invitation) bool { return i == invitationTo(ch) })
	}
}

func (s *Server) listInvites(u *session) {
	for _, i := range u.invites {
		if s.stands(i) {
			s.reply(u, irc.RPL_INVITELIST, s.channels[i.channel].name)
		}
	}
	s.reply(u, irc.RPL_ENDOFINVITELIST)
}

// knockInterval is how long a session must wait between two KNOCKs.
const knockInterval = int64(time.Minute)

// cmdKnock asks the operators of a channel that u cannot join to let it in.
func (s *Server) cmdKnock(u *session, c *call) *failure {
	ch, f := s.channelFor(u, c.Param(0))
	if f != nil {
		return f
	}
	if f := s.knockGate(u, ch); f != nil {
		return f
	}
	u.lastKnock = s.now
	text := irc.RPL_KNOCK.Text()
	if c.Param(1) != "" {
		text += " (" + irc.Truncate(c.Param(1), s.cfg.Limits.KickLen) + ")"
	}
	if to := selected(ch.members, halfopAndAbove); to.Len() > 0 {
		s.sendText(to, s.name(), irc.RPL_KNOCK.Code(), ch.name, ch.name, u.prefix, text)
	}
	s.reply(u, irc.RPL_KNOCKDLVR, ch.name)
	return nil
}

// knockGate says why u may not knock on ch, or nil.
func (s *Server) knockGate(u *session, ch *channel) *failure {
	switch {
	case ch.byID[u.id] != nil:
		return fail(irc.ERR_KNOCKONCHAN, ch.name)
	case !ch.modes.has('i') && ch.key == "" && (ch.limit == 0 || len(ch.members) < ch.limit):
		return fail(irc.ERR_CHANOPEN, ch.name)
	case ch.modes.has('K'):
		return cannotKnock(ch, "+K is set")
	case ch.isBanned(u):
		return cannotKnock(ch, "you are banned")
	case u.lastKnock != 0 && s.now-u.lastKnock < knockInterval:
		return fail(irc.ERR_TOOMANYKNOCK, ch.name)
	}
	return nil
}

func cannotKnock(ch *channel, why string) *failure {
	return failText(irc.ERR_CANNOTKNOCK, irc.ERR_CANNOTKNOCK.Textf(ch.name, why), ch.name)
}
