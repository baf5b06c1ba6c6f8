package ircserver

import "slices"

func (s *Server) cmdInvite(u *session, c *call) *failure { return notYet(c) }

func (s *Server) cmdKnock(u *session, c *call) *failure { return notYet(c) }

// maxInvites is how many invitations a session keeps; the oldest goes when there are more.
const maxInvites = 32

// uninvite uses up u's invitation to ch, if there is one.
func (s *Server) uninvite(u *session, ch *channel) {
	u.invites = slices.DeleteFunc(u.invites, func(k chanKey) bool { return k == foldChan(ch.name) })
}
