package ircserver

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// tick does what time has made due: registration timeouts, session expiry, expired bans and holds.
func (s *Server) tick() {
	var late []*session
	for _, u := range s.sessions { // order does not matter: sorted below
		if s.deadline(u) <= s.now {
			late = append(late, u)
		}
	}
	slices.SortFunc(late, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	for _, u := range late {
		s.quit(u, s.timeoutText(u))
	}
	s.expireBans()
}

// never is the deadline of those who have none.
const never = math.MaxInt64

// deadline is when u will be closed if it stays silent. Pseudo-clients and guests have none: they end with their link.
func (s *Server) deadline(u *session) int64 {
	limit, since := s.cfg.SessionExpiration, u.lastActive
	if !u.registered && !u.isGateway() {
		limit, since = s.cfg.RegistrationTimeout, u.created
	}
	if u.link != 0 || u.isGuest() || limit <= 0 {
		return never
	}
	return since + int64(limit)
}

func (s *Server) timeoutText(u *session) string {
	if !u.registered && !u.isGateway() {
		return "Registration timed out (" + s.cfg.RegistrationTimeout.String() + ")"
	}
	return "Ping timeout (" + s.cfg.SessionExpiration.String() + ")"
}

// Due reports whether a KindTick at this time would do anything. It is cheap to ask often: the sessions are looked
// through only when the earliest deadline that was found last has passed.
func (s *Server) Due(now int64) bool {
	if next := s.nextBanExpiry(); next != 0 && next <= now {
		return true
	}
	if now < s.nextDue {
		return false
	}
	s.nextDue = never
	for _, u := range s.sessions { // order does not matter: a minimum
		s.nextDue = min(s.nextDue, s.deadline(u))
	}
	return s.nextDue <= now
}

// dueAt takes u's deadline into account for Due. Deadlines move forward only, except by a new session or configuration.
func (s *Server) dueAt(u *session) { s.nextDue = min(s.nextDue, s.deadline(u)) }

// setConfig replaces the configuration, and removes whom it bans. It is taken only when its revision is the next one,
// so of two edits based on the same revision one wins. One that cannot be read or is not valid is refused at the edge;
// should it come here it changes nothing, on every node alike. MachineVersion never goes back.
func (s *Server) setConfig(in *Input) {
	c, err := DecodeConfig(in.Text)
	if err != nil || c.Validate() != nil || c.Revision != s.cfg.Revision+1 || c.MachineVersion < s.cfg.MachineVersion {
		return
	}
	old := s.cfg
	s.cfg = c
	s.nextDue = 0
	s.retireOpers()
	s.retireGateways(&old)
	s.enforce(func(u *session) bool { return s.configBanFor(u.remote) != nil })
	if old.modeSwitches() != c.modeSwitches() {
		s.modesSwitched()
	}
}

// setNodes replaces the list of nodes.
func (s *Server) setNodes(text string) {
	s.nodes = nil
	for line := range strings.Lines(text) {
		if id, address, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			s.nodes = append(s.nodes, Node{ID: strings.Clone(id), Address: strings.Clone(address)})
		}
	}
}

// applyDead tells and closes the session whose input made the machine panic. Nothing else of that input happens.
func (s *Server) applyDead(in *Input) {
	s.deaths++
	if u := s.sessions[in.Session]; u != nil {
		s.quit(u, "Server error: this session's last line made the server fail, and was undone; please report it")
	}
}

// cmdPanic makes changes of which only a part can be, and panics: a test of what happens to messages of death.
func (s *Server) cmdPanic(u *session, c *call) *failure {
	s.sendText(s.neighbours(u), u.prefix, "PRIVMSG", u.nick, "nobody must see this")
	delete(s.nicks, foldNick(u.nick))
	u.nick = "half"
	s.channels["#half"] = newChannel("#half", int64(time.Second))
	panic("PANIC, as " + u.prefix + " asked")
}
