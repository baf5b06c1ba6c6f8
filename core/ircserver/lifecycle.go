package ircserver

// createSession starts a session that has not registered yet.
func (s *Server) createSession(in *Input) {}

// quit ends a session: those who share a channel see QUIT, its owner sees ERROR, and its stream ends.
func (s *Server) quit(u *session, reason string) {}

// tick does what time has made due: registration timeouts, session expiry, expired bans.
func (s *Server) tick() {}

func (s *Server) setConfig(in *Input) {}

func (s *Server) setNodes(text string) {}

// applyDead tells and closes the session whose input made the machine panic.
func (s *Server) applyDead(in *Input) {}
