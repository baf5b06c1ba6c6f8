package ircserver

func (s *Server) cmdOper(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdKill(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdWallops(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdGlobops(u *session, c *call) *failure { return notYet(c) }

// grantOper makes u the operator of this block, whose password the edge has verified.
func (s *Server) grantOper(u *session, name string) {}
