package ircserver

func (s *Server) cmdKick(u *session, c *call) *failure { return notYet(c) }
