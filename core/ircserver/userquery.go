package ircserver

func (s *Server) cmdIson(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdUserhost(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdUserip(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdAway(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdSetname(u *session, c *call) *failure { return notYet(c) }
