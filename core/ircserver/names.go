package ircserver

func (s *Server) cmdNames(u *session, c *call) *failure { return notYet(c) }
