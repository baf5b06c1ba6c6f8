package ircserver

func (s *Server) cmdOper(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdKill(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdWallops(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdGlobops(u *session, c *call) *failure { return notYet(c) }
