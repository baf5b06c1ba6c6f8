package ircserver

import (
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// statsRow is one letter of STATS.
type statsRow struct {
	letter   byte
	operOnly bool
	run      func(s *Server, u *session)
}

// statsTable has the letters of STATS. Other letters are answered with the end alone, as RFC 2812 has it.
var statsTable = [...]statsRow{
	{'u', false, (*Server).statsUptime},
	{'m', false, (*Server).statsCommands},
	{'o', true, (*Server).statsOperators},
	{'k', true, (*Server).statsBans},
	{'g', true, (*Server).statsBans},
	{'d', true, (*Server).statsBannedAddresses},
}

// cmdStats answers STATS <letter> [<server>].
func (s *Server) cmdStats(u *session, c *call) *failure {
	if c.Param(0) == "" {
		return needParams("STATS")
	}
	if f := s.checkServer(c.Param(1)); f != nil {
		return f
	}
	letter := irc.Truncate(c.Param(0), 1)
	for i := range statsTable {
		if row := &statsTable[i]; strings.EqualFold(letter, string(rune(row.letter))) {
			if row.operOnly && !u.isOper() {
				s.fail(u, fail(irc.ERR_NOPRIVILEGES))
			} else {
				row.run(s, u)
			}
		}
	}
	s.reply(u, irc.RPL_ENDOFSTATS, letter)
	return nil
}

// statsUptime tells for how long the network exists: no node's own start matters.
func (s *Server) statsUptime(u *session) {
	up := time.Duration(s.now - s.start)
	d, h, m, sec := up/(24*time.Hour), up/time.Hour%24, up/time.Minute%60, up/time.Second%60
	s.replyText(u, irc.RPL_STATSUPTIME, irc.RPL_STATSUPTIME.Textf(d, h, m, sec))
}

// statsCommands tells how often each command was used.
func (s *Server) statsCommands(u *session) {
	for i := range commandRows {
		if n := s.uses[i]; n > 0 {
			s.reply(u, irc.RPL_STATSCOMMANDS, commandRows[i].name, strconv.FormatUint(n, 10))
		}
	}
}

// statsOperators lists the operator blocks.
func (s *Server) statsOperators(u *session) {
	for _, o := range s.cfg.Operators {
		hosts := strings.Join(o.Hosts, ",")
		if hosts == "" {
			hosts = "*@*"
		}
		s.reply(u, irc.RPL_STATSOLINE, "O", hosts, "*", o.Name, "0", o.className())
	}
}

// statsBans lists the network bans.
func (s *Server) statsBans(u *session) {
	for i := range s.bans {
		if b := &s.bans[i]; !expired(b.expiry, s.now) {
			left := "0"
			if b.expiry != 0 {
				left = seconds(b.expiry - s.now)
			}
			s.replyText(u, irc.RPL_STATSGLINE, b.reason, "G", b.mask, left, seconds(s.now-b.time), b.setter)
		}
	}
}

// statsBannedAddresses lists the addresses that the configuration bans.
func (s *Server) statsBannedAddresses(u *session) {
	for _, b := range s.cfg.Banned {
		s.sendText(only(u), s.name(), irc.RPL_STATSDLINE.Code(), u.nick, "D", b.Name, b.Value)
	}
}
