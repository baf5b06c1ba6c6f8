package ircserver

func (s *Server) cmdMode(u *session, c *call) *failure { return notYet(c) }
