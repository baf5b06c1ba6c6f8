package ircserver

func (s *Server) cmdWhois(u *session, c *call) *failure { return notYet(c) }
