package ircserver

func (s *Server) cmdServer(u *session, c *call) *failure { return notYet(c) }

// nickHold keeps a nick from being taken (SVSHOLD).
type nickHold struct {
	nick   nickKey
	reason string
	expiry int64
}

// alias is the handler of a service's short name.
func alias(service string) handler {
	return func(s *Server, u *session, c *call) *failure { return notYet(c) }
}
