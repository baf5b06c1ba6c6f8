package ircserver

import (
	"strings"

	"robustirc/core/irc"
)

// capRow is one capability that is offered.
type capRow struct {
	name string
	bit  Caps
	// value is shown in LS to clients that asked for version 302.
	value string
}

// capTable lists the capabilities, in the order of LS.
var capTable = []capRow{
	{"multi-prefix", CapMultiPrefix, ""},
	{"userhost-in-names", CapUserhostInNames, ""},
}

func capNamed(name string) (Caps, bool) {
	for _, row := range capTable {
		if row.name == name {
			return row.bit, true
		}
	}
	return 0, false
}

// cmdCap negotiates capabilities (IRCv3 capability negotiation, version 302). LS and REQ before registration hold it
// up until END; all of it may come again at any time after.
func (s *Server) cmdCap(u *session, c *call) *failure {
	switch sub := irc.UpperCommand(c.Param(0)); sub {
	case "LS":
		s.capHold(u)
		s.capList(u, "LS", ^Caps(0), atoi(c.Param(1)) >= 302)
	case "LIST":
		s.capList(u, "LIST", u.caps, false)
	case "REQ":
		s.capHold(u)
		s.capRequest(u, c.Param(1))
	case "END":
		u.capNegotiating = false
		return s.register(u)
	default:
		return fail(irc.ERR_INVALIDCAPCMD, printable(c.Param(0)))
	}
	return nil
}

// capHold keeps u from registering until CAP END.
func (s *Server) capHold(u *session) { u.capNegotiating = u.capNegotiating || !u.registered }

// capList sends the capabilities of which, with their values when the client knows values. All of them fit one line;
// a test sees to it.
func (s *Server) capList(u *session, sub string, which Caps, values bool) {
	var names []string
	for _, row := range capTable {
		switch {
		case which&row.bit == 0:
		case values && row.value != "":
			names = append(names, row.name+"="+row.value)
		default:
			names = append(names, row.name)
		}
	}
	s.sendText(only(u), s.name(), "CAP", u.target(), sub, strings.Join(names, " "))
}

// capRequest turns capabilities on, and those with '-' off: all that are asked for, or none.
func (s *Server) capRequest(u *session, list string) {
	caps, ok := u.caps, true
	for _, name := range strings.Fields(list) {
		name, off := strings.CutPrefix(name, "-")
		bit, known := capNamed(name)
		ok = ok && known
		if off {
			caps &^= bit
		} else {
			caps |= bit
		}
	}
	if !ok {
		s.sendText(only(u), s.name(), "CAP", u.target(), "NAK", list)
		return
	}
	u.setCaps(caps)
	s.sendText(only(u), s.name(), "CAP", u.target(), "ACK", list)
}

// atoi is the number that s begins with, 0 when there is none; it saturates far above any number that means something.
func atoi(s string) int {
	n := 0
	for i := 0; i < len(s) && '0' <= s[i] && s[i] <= '9' && n < 1e9; i++ {
		n = 10*n + int(s[i]-'0')
	}
	return n
}
