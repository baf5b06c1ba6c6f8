package ircserver

import (
	"maps"
	"slices"
)

// SessionInfo is what the edges and the status pages may know of a session.
type SessionInfo struct {
	ID       SessionID
	AuthHash [32]byte // SHA-256 of the session's secret
	Remote   string   // IP address
	Nick     string   // "" before it has one
	// Created and LastActive are in nanoseconds since 1970.
	Created, LastActive int64
	Registered, TLS     bool
	Oper                bool
	// Services is set for a services link and its pseudo-clients; Link is then the link's session.
	Services bool
	Link     SessionID
	Channels int // how many it is in
	// Gateway is the name of the gateway whose link or user it is, "" for all others. Owner is then the link: of a link
	// itself its own id, of a user the session whose secret attaches the user's stream.
	Gateway string
	Owner   SessionID
	// Firehose says that a gateway's user has no stream of its own: its lines are in its link's.
	Firehose bool
}

func (u *session) info() SessionInfo {
	info := SessionInfo{
		ID: u.id, AuthHash: u.authHash, Remote: u.remote, Nick: u.nick, Created: u.created, LastActive: u.lastActive,
		Registered: u.registered, TLS: u.tls, Oper: u.isOper(), Services: u.services, Link: u.link, Channels: len(u.channels),
		Firehose: u.firehose() != 0,
	}
	if u.gateway != nil {
		info.Gateway, info.Owner = u.gateway.name, u.gateway.link
	}
	return info
}

// Session returns what is known of a session, and whether it exists.
func (s *Server) Session(id SessionID) (SessionInfo, bool) {
	u := s.sessions[id]
	if u == nil {
		return SessionInfo{}, false
	}
	return u.info(), true
}

// Sessions returns all sessions in ascending order of id.
func (s *Server) Sessions() []SessionInfo {
	all := make([]SessionInfo, 0, len(s.sessions))
	for _, id := range slices.Sorted(maps.Keys(s.sessions)) {
		all = append(all, s.sessions[id].info())
	}
	return all
}

// Streams returns what the last input changed about the streams of gateways' users: opened are the sessions that have a
// stream of their own from now on, closed those that have none any more and live on. Both are in ascending order and valid
// until the next input. Other sessions have one from KindCreate until their final line.
func (s *Server) Streams() (opened, closed []SessionID) { return s.opened, s.closed }

// Counts returns how many sessions (registered or not) and channels there are.
func (s *Server) Counts() (sessions, channels int) { return len(s.sessions), len(s.channels) }

// CommandNames returns the names in the command table, in ascending order.
func CommandNames() []string { return slices.Sorted(maps.Keys(commands)) }
