package ircserver

func (s *Server) cmdMotd(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdLusers(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdVersion(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdTime(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdAdmin(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdInfo(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdStats(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdLinks(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdMap(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdHelp(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdRehash(u *session, c *call) *failure { return notYet(c) }
