package ircserver

// Gates are the named conditions of channel actions, asked in one order; each returns why not, or nil.

// joinGate says whether u may join ch with the given key: banned, registered only, invited, key, limit, throttle.
// An invitation (Server.invited) overrides what it overrides on real servers.
func (s *Server) joinGate(u *session, ch *channel, key string) *failure { return nil }

// speakGate says whether u may send text to ch: external messages, moderation, bans and quiets, colours, CTCP, notices.
// It returns the text to deliver, which a mode may have changed.
func (s *Server) speakGate(u *session, ch *channel, text string, notice bool) (string, *failure) {
	return text, nil
}

// nickGate says whether u may change its nick while in ch (bans and quiets, mode N).
func (s *Server) nickGate(u *session, ch *channel) *failure { return nil }

// onList reports whether u matches an entry of the list mode with this letter, by mask or extended ban.
func (s *Server) onList(u *session, ch *channel, letter byte) bool { return false }
