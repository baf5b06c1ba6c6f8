package ircserver

func (s *Server) cmdWho(u *session, c *call) *failure { return notYet(c) }
