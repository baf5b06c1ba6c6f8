package ircserver

func (s *Server) cmdGline(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdUngline(u *session, c *call) *failure { return notYet(c) }

// networkBan is one GLINE: nobody whose user@host or user@address matches mask may be on the network.
type networkBan struct {
	mask   string
	reason string
	setter string
	time   int64
	expiry int64 // zero is never
}

// networkBanFor returns the ban that keeps u off the network, or nil.
func (s *Server) networkBanFor(u *session) *networkBan { return nil }
