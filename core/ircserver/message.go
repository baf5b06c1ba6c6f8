package ircserver

func (s *Server) cmdPrivmsg(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdNotice(u *session, c *call) *failure { return notYet(c) }
