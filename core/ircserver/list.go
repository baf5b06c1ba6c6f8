package ircserver

func (s *Server) cmdList(u *session, c *call) *failure { return notYet(c) }
