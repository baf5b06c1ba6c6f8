package ircserver

import (
	"slices"

	"robustirc/core/irc"
)

// userModeRow is one mode of users.
type userModeRow struct {
	letter byte
	// set and clear say who may do so.
	set, clear userModeBy
	help       string
}

// userModeBy is who may set or clear a user mode, besides services and the machine itself.
type userModeBy uint8

const (
	byNobody userModeBy = iota
	bySelf
	byOper // the user itself, while it is an operator
)

// userModeTable is the one table of user modes.
var userModeTable = []userModeRow{
	{'B', bySelf, bySelf, "is a bot"},
	{'D', bySelf, bySelf, "gets no channel messages"},
	{'G', bySelf, bySelf, "gets messages only from those it shares a channel with or accepts (ACCEPT)"},
	{'R', bySelf, bySelf, "gets messages only from those with an account"},
	{'Z', byNobody, byNobody, "is connected with TLS"},
	{'g', bySelf, bySelf, "gets messages only from those it accepts (ACCEPT)"},
	{'i', bySelf, bySelf, "is invisible to those it shares no channel with"},
	{'o', byNobody, bySelf, "is an operator"},
	{'r', byNobody, byNobody, "is identified with services"},
	{'s', byOper, bySelf, "gets server notices"},
	{'w', bySelf, bySelf, "gets wallops"},
	{'x', bySelf, bySelf, "hides its address"},
}

var userModeSpec = func() (spec irc.ModeSpec) {
	for _, row := range userModeTable {
		spec.Add(irc.ModeFlag, string(rune(row.letter)))
	}
	return spec
}()

// userModeLetters are the user modes of 004, in ASCII order.
func (s *Server) userModeLetters() string { return userModeSpec.Letters(irc.ModeFlag) }

// settableByUsers reports whether every user may set this mode.
func settableByUsers(letter byte) bool {
	return slices.ContainsFunc(userModeTable, func(row userModeRow) bool { return row.letter == letter && row.set == bySelf })
}

// startModes are the modes of a new session: the network's default (Config.Validate has seen to the letters).
func (s *Server) startModes(tls bool) (modes modeSet) {
	for _, letter := range []byte(s.cfg.DefaultUserModes) {
		modes.set(letter)
	}
	if tls {
		modes.set('Z')
	}
	return modes
}

// userMode shows or changes the user's own modes.
func (s *Server) userMode(u *session, c *call) *failure {
	target := s.nicks[foldNick(c.Param(0))]
	switch {
	case target == nil || !target.registered:
		return noSuchNick(printable(c.Param(0)))
	case target != u:
		return fail(irc.ERR_USERSDONTMATCH)
	case c.NumParams() == 1:
		s.reply(u, irc.RPL_UMODEIS, "+"+u.modes.String())
		return nil
	}
	changes, errs := irc.ParseModes(userModeSpec, c.Params()[1:2])
	changes = slices.DeleteFunc(changes, func(c irc.ModeChange) bool { return !u.mayChange(c) })
	s.changeUserModes(u, u.nick, changes)
	if len(errs) > 0 {
		return fail(irc.ERR_UMODEUNKNOWNFLAG)
	}
	return nil
}

// mayChange reports whether u may make this change to its own modes. What only servers change is passed over in
// silence, as RFC 2812 section 3.1.5 has it for +o.
func (u *session) mayChange(c irc.ModeChange) bool {
	i := slices.IndexFunc(userModeTable, func(row userModeRow) bool { return row.letter == c.Mode })
	by := userModeTable[i].clear
	if c.Add {
		by = userModeTable[i].set
	}
	return by == bySelf || by == byOper && u.isOper()
}

// changeUserModes changes u's modes with all that follows from it, whoever wants it (source), and shows u and services
// exactly what was changed.
func (s *Server) changeUserModes(u *session, source string, changes []irc.ModeChange) {
	var applied []irc.ModeChange
	host := u.host
	for _, c := range changes {
		if u.modes.has(c.Mode) == c.Add {
			continue
		}
		applied = append(applied, c)
		s.flipUserMode(u, c)
		if c.Mode == 'o' && !c.Add && u.modes.has('s') {
			u.modes.clear('s')
			applied = append(applied, irc.ModeChange{Mode: 's'})
		}
	}
	for _, line := range irc.FormatModes(applied, 0, 0) {
		s.send(s.withLinks(only(u)), source, "MODE", u.nick, line)
	}
	if u.host != host {
		s.reply(u, irc.RPL_VISIBLEHOST, u.host)
	}
}

// flipUserMode changes one mode and what depends on it.
func (s *Server) flipUserMode(u *session, c irc.ModeChange) {
	s.tally(u, -1)
	if c.Add {
		u.modes.set(c.Mode)
	} else {
		u.modes.clear(c.Mode)
	}
	s.tally(u, +1)
	switch c.Mode {
	case 'o':
		if !c.Add {
			u.oper, u.operClass = "", ""
		}
	case 'D':
		u.audienceChanged()
	case 'x':
		if !u.services && !u.isGuest() { // theirs is what they said
			s.rehost(u)
		}
	}
}
