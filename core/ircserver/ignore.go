package ircserver

func (s *Server) cmdSilence(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdAccept(u *session, c *call) *failure { return notYet(c) }
