package ircserver

import (
	"cmp"
	"slices"
)

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

// introduce tells the services links about u, which has just registered.
func (s *Server) introduce(u *session) {}

// held returns the SVSHOLD on nick that has not run out, or nil.
func (s *Server) held(nick string) *nickHold { return nil }

// pseudoClients returns the pseudo-clients of the services link u, in the order of their ids.
func (s *Server) pseudoClients(u *session) []*session {
	if !u.services || u.link != 0 {
		return nil
	}
	var list []*session
	for _, p := range s.sessions { // order does not matter: sorted below
		if p.link == u.id {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	return list
}

// findLinks makes s.links anew from the sessions.
func (s *Server) findLinks() {
	s.links = s.links[:0]
	for _, u := range s.sessions { // order does not matter: sorted below
		if u.services && u.link == 0 {
			s.links = append(s.links, u)
		}
	}
	slices.SortFunc(s.links, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
}
