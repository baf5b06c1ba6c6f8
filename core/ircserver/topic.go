package ircserver

func (s *Server) cmdTopic(u *session, c *call) *failure { return notYet(c) }
