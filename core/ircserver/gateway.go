package ircserver

// A gateway is a session (the link) that brings the users of another network, each a session of its own without a secret:
// docs/gateway.md. It exists since MachineVersion 2.

// gateway is one gateway that is there. The link and all of its users point to it.
type gateway struct {
	name string // as the configuration has it
	link SessionID
	// inLink says that the lines of its users are delivered in the link's stream (style firehose), and not each in its own.
	inLink bool
}

// firehose is the link in whose stream u's lines are, or zero when u has a stream of its own.
func (u *session) firehose() SessionID {
	if u.gateway == nil || !u.gateway.inLink || u.gateway.link == u.id {
		return 0
	}
	return u.gateway.link
}
