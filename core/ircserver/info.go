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

// motd sends u the message of the day, or 422; part of the greeting.
func (s *Server) motd(u *session) {}

// lusers sends u the counts of LUSERS; part of the greeting.
func (s *Server) lusers(u *session) {}
