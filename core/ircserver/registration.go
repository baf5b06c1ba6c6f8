package ircserver

func (s *Server) cmdPass(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdNick(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdUser(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdCap(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdPing(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdPong(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdQuit(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdError(u *session, c *call) *failure { return notYet(c) }
