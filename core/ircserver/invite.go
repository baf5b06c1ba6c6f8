package ircserver

func (s *Server) cmdInvite(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdKnock(u *session, c *call) *failure { return notYet(c) }
