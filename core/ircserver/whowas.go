package ircserver

func (s *Server) cmdWhowas(u *session, c *call) *failure { return notYet(c) }

// whowasEntry remembers a session that left or changed its nick.
type whowasEntry struct {
	nick, user, host, realname, account string
	remote                              string
	time                                int64
}

// remember notes who u was, for WHOWAS: when it leaves or changes its nick.
func (s *Server) remember(u *session) {}
