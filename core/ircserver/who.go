package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// maxWhoMatches bounds the answer to a WHO by mask, so that one short line cannot make a node write out the whole
// network; then 416 tells that there are more. Channels are always answered in full.
const maxWhoMatches = 500

// whoQuery is one WHO: who asks, and what limits the answer.
type whoQuery struct {
	u         *session
	opersOnly bool
}

// cmdWho answers WHO [<channel, nick or mask> [o]] with a 352 for each user and 315.
func (s *Server) cmdWho(u *session, c *call) *failure {
	target := c.Param(0)
	flags, _, _ := strings.Cut(c.Param(1), "%")
	q := whoQuery{u: u, opersOnly: strings.ContainsAny(flags, "oO")}
	switch v := s.user(target); {
	case isChannelName(target):
		s.whoChannel(&q, target)
	case v != nil:
		s.whoLine(&q, s.whoContext(u, v), v)
	default:
		s.whoMask(&q, target)
	}
	if target == "" {
		target = "*"
	}
	s.reply(u, irc.RPL_ENDOFWHO, target)
	return nil
}

// isChannelName reports whether a target means a channel.
func isChannelName(s string) bool { return s != "" && s[0] == '#' }

// whoChannel answers with those members of a channel that the asker may see.
func (s *Server) whoChannel(q *whoQuery, name string) {
	ch := s.channels[foldChan(name)]
	if ch == nil || !s.seesChannel(q.u, ch) {
		return
	}
	for _, m := range ch.members {
		if s.seesMember(q.u, ch, m) {
			s.whoLine(q, ch, m.session)
		}
	}
}

// whoMask answers with the visible users that match a mask, in the order of their nicks.
func (s *Server) whoMask(q *whoQuery, mask string) {
	everybody := mask == "" || mask == "0" || mask == "*"
	n := 0
	for _, v := range s.byNick() {
		if q.opersOnly && !v.isOper() || !s.seesUser(q.u, v) || !everybody && !s.whoMatches(q.u, v, mask) {
			continue
		}
		if n++; n > maxWhoMatches && !s.may(q.u, privAuspex) {
			s.reply(q.u, irc.ERR_TOOMANYMATCHES, "WHO", mask)
			return
		}
		s.whoLine(q, s.whoContext(q.u, v), v)
	}
}

// byNick returns all registered sessions, sorted by folded nick.
func (s *Server) byNick() []*session {
	keys := make([]nickKey, 0, len(s.nicks))
	for key, v := range s.nicks { // order does not matter: sorted below
		if v.registered {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	list := make([]*session, len(keys))
	for i, key := range keys {
		list[i] = s.nicks[key]
	}
	return list
}

// whoMatches reports whether one of the fields of v that u may see matches mask.
func (s *Server) whoMatches(u, v *session, mask string) bool {
	match := func(field string) bool { return irc.MatchMask(casemapping, mask, field) }
	return match(v.nick) || match(v.user) || match(v.host) || match(v.realname) || match(v.account) ||
		match(v.prefix) || match(s.serverOf(v)) || s.seesAddress(u, v) && match(v.remote)
}

// whoContext returns the first of v's channels that u may see, for the channel field of 352, or nil.
func (s *Server) whoContext(u, v *session) *channel {
	for _, ch := range v.channels {
		if s.seesChannel(u, ch) && s.seesMember(u, ch, ch.byID[v.id]) {
			return ch
		}
	}
	return nil
}

// whoLine sends one 352; ch is nil for no channel.
func (s *Server) whoLine(q *whoQuery, ch *channel, v *session) {
	if q.opersOnly && !v.isOper() {
		return
	}
	channel := "*"
	if ch != nil {
		channel = ch.name
	}
	s.replyText(q.u, irc.RPL_WHOREPLY, "0 "+v.realname, channel, v.user, v.host, s.serverOf(v), v.nick, whoFlags(q.u, ch, v))
}

// whoFlags is the flags field of 352: here or gone, operator, status in ch (all of it with multi-prefix), bot,
// registered.
func whoFlags(u *session, ch *channel, v *session) string {
	flags := "H"
	if v.away != "" {
		flags = "G"
	}
	if v.isOper() {
		flags += "*"
	}
	if ch != nil {
		flags += ch.byID[v.id].status.prefixes(u.caps&CapMultiPrefix != 0)
	}
	if v.modes.has('B') {
		flags += "B"
	}
	if v.modes.has('r') {
		flags += "r"
	}
	return flags
}
