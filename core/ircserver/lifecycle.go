package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// createSession starts a session that has not registered yet. The edge refuses sessions beyond MaxSessions with a
// status; one that slips past it, because others were created meanwhile, is refused here, alike on every node.
func (s *Server) createSession(in *Input) {
	u := &session{
		id:         SessionID(s.inputs),
		authHash:   in.AuthHash,
		created:    s.now,
		lastActive: s.now,
		lastSpoke:  s.now,
		remote:     strings.Clone(in.Remote),
		cookie:     strings.Clone(in.Cookie),
		tls:        in.TLS,
	}
	u.modes = s.startModes(u.tls)
	u.host = u.visibleHost()
	s.sessions[u.id] = u
	if s.cfg.MaxSessions > 0 && len(s.sessions) > s.cfg.MaxSessions {
		s.quit(u, "The network is full")
		return
	}
	s.dueAt(u)
	if u.cookie != "" {
		s.sendText(only(u), "", "PING", u.cookie)
	}
}

// moved notes that u's client comes from another address, and reports whether it may stay. The host that others see
// stays as it was when u registered: a client that changes its way to the network is still the same.
func (s *Server) moved(u *session, remote string) bool {
	u.remote = strings.Clone(remote)
	if u.registered {
		return !s.banned(u)
	}
	s.rehost(u)
	return true
}

// rehost makes the host that others see follow mode x.
func (s *Server) rehost(u *session) { u.setIdentity(u.nick, u.user, u.visibleHost()) }

// quit ends a session: those who share a channel see QUIT, its owner sees ERROR, and its stream ends. A services link
// takes its pseudo-clients with it, a gateway's link its users.
func (s *Server) quit(u *session, reason string) {
	for _, p := range s.pseudoClients(u) {
		s.quit(p, reason)
	}
	if u.isGateway() {
		s.depart(u.gateway.guests(), reason)
	}
	if u.registered {
		s.remember(u)
		to := s.neighbours(u)
		to.skip = u.reader()
		if to.Len() > 0 {
			s.sendText(to, u.prefix, "QUIT", reason)
		}
	}
	s.forget(u)
	s.tellGone(u, reason)
	s.close(u, reason)
}

// close ends the stream of u, which has left.
func (s *Server) close(u *session, reason string) {
	if u.link == 0 {
		s.sendText(only(u), "", "ERROR", closingLink(u, reason)).Final = true
	}
}

// quitText is the quit message of a session that the edge ends.
func quitText(text string) string {
	if text == "" {
		return "Connection closed"
	}
	return irc.Truncate(text, irc.MaxLine/2)
}

// closingLink is the text of the ERROR that ends a session.
func closingLink(u *session, reason string) string {
	user := u.user
	if user == "" {
		user = "*"
	}
	return "Closing link: (" + user + "@" + u.host + ") [" + reason + "]"
}

// forget takes u out of the state.
func (s *Server) forget(u *session) {
	for len(u.channels) > 0 {
		s.leave(u, u.channels[len(u.channels)-1])
	}
	if u.nick != "" {
		delete(s.nicks, foldNick(u.nick))
	}
	s.tally(u, -1)
	delete(s.sessions, u.id)
	s.links = slices.DeleteFunc(s.links, func(l *session) bool { return l == u })
	switch {
	case u.isGateway():
		delete(s.gateways, u.id)
	case u.isGuest():
		delete(u.gateway.users, u.uid)
	}
}

// leave takes u out of ch, and drops the channel when that leaves it empty.
func (s *Server) leave(u *session, ch *channel) {
	ch.remove(u)
	s.dropIfEmpty(ch)
}

// dropIfEmpty ends a channel that has no members, unless it is permanent.
func (s *Server) dropIfEmpty(ch *channel) {
	if len(ch.members) == 0 && !ch.modes.has('P') {
		delete(s.channels, foldChan(ch.name))
	}
}
