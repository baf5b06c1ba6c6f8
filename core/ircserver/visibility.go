package ircserver

import "robustirc/core/irc"

// privAuspex is the privilege to see what is hidden from others: invisible users, secret channels, real addresses.
const privAuspex = "auspex"

// hidden reports whether outsiders must not learn of the channel (modes s and p).
func (ch *channel) hidden() bool { return ch.modes.has('s') || ch.modes.has('p') }

// seesChannel reports whether u may learn that ch exists and that somebody is in it.
func (s *Server) seesChannel(u *session, ch *channel) bool {
	return !ch.hidden() || ch.byID[u.id] != nil || s.may(u, privAuspex)
}

// channelFor returns the channel of this name, or the answer when there is none. To those who must not learn of a hidden
// channel there is none: every command but JOIN and messages, whose refusals say why, looks channels up here.
func (s *Server) channelFor(u *session, name string) (*channel, *failure) {
	ch := s.channels[foldChan(name)]
	if ch == nil || !u.services && !s.seesChannel(u, ch) {
		return nil, noSuchChannel(printable(name))
	}
	return ch, nil
}

// seesUser reports whether v appears to u when u looks for users without naming one (WHO masks, NAMES from outside).
func (s *Server) seesUser(u, v *session) bool {
	return u == v || !v.modes.has('i') || shareChannel(u, v) || s.may(u, privAuspex)
}

// seesMember reports whether u is shown m among the members of ch, which u may know of: those outside are not shown
// invisible users, and an auditorium (+u) hides its crowd.
func (s *Server) seesMember(u *session, ch *channel, m *member) bool {
	return s.isShownTo(u, ch, m) && (ch.byID[u.id] != nil || s.seesUser(u, m.session))
}

// isShownTo reports whether an auditorium does not hide m from u.
func (s *Server) isShownTo(u *session, ch *channel, m *member) bool {
	return ch.isShownTo(m, ch.byID[u.id]) || u == m.session || s.may(u, privAuspex)
}

// seesAddress reports whether u may learn v's real address.
func (s *Server) seesAddress(u, v *session) bool { return u == v || s.may(u, privAuspex) }

// shareChannel reports whether u and v are in a channel together.
func shareChannel(u, v *session) bool {
	if len(v.channels) < len(u.channels) {
		u, v = v, u
	}
	for _, ch := range u.channels {
		if ch.byID[v.id] != nil {
			return true
		}
	}
	return false
}

// user returns the registered session with this nick, or nil.
func (s *Server) user(nick string) *session {
	if u := s.nicks[foldNick(nick)]; u != nil && u.registered {
		return u
	}
	return nil
}

// checkServer refuses a server parameter that names no server here: clients see one server, whichever node serves
// them, so its name, a mask of it, a node's id and the nick of a user on it all mean the same; "" is no parameter.
func (s *Server) checkServer(name string) *failure {
	if name == "" || irc.MatchMask(irc.ASCII, name, s.name()) || s.user(name) != nil {
		return nil
	}
	for _, n := range s.nodes {
		if n.ID == name {
			return nil
		}
	}
	return fail(irc.ERR_NOSUCHSERVER, name)
}
