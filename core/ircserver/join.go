package ircserver

func (s *Server) cmdJoin(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdPart(u *session, c *call) *failure { return notYet(c) }
