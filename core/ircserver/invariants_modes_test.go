package ircserver

import (
	"slices"
	"strings"
	"testing"

	"robustirc/core/irc"
)

// checkModeInvariants fails t when modes contradict themselves. It is apart from checkInvariants because a snapshot with
// right checksums is believed what it says of modes: a mask that is none matches nobody, and harms nobody.
func checkModeInvariants(t testing.TB, s *Server) {
	t.Helper()
	for _, ch := range s.channels {
		checkModes(t, s, ch)
	}
	for _, u := range s.sessions {
		checkUserModes(t, s, u)
	}
}

// checkModes fails t when a channel's modes contradict each other, the mode table or what is shared of them.
func checkModes(t testing.TB, s *Server, ch *channel) {
	t.Helper()
	for _, letter := range []byte(ch.modes.String()) {
		if row := s.modeOffer().row(letter); row == nil || row.kind == irc.ModePrefix || row.kind == irc.ModeList {
			t.Errorf("channel %q has mode %c, which is none", ch.name, letter)
		} else if row.excludes != 0 && ch.modes.has(row.excludes) {
			t.Errorf("channel %q has modes %c and %c", ch.name, letter, row.excludes)
		}
	}
	for _, row := range modeTable {
		if row.param != nil && ch.modes.has(row.letter) != (row.param.value(ch) != "") {
			t.Errorf("channel %q: mode %c is %v, its value %q", ch.name, row.letter, ch.modes.has(row.letter), row.param.value(ch))
		}
	}
	for _, m := range ch.members {
		if strings.Trim(m.status.prefixes(true), s.statusmsgToken()) != "" {
			t.Errorf("channel %q: %s has status %q, of which not all is offered", ch.name, m.nick, m.status.prefixes(true))
		}
	}
	for letter, list := range ch.lists {
		checkList(t, s, ch, letter, list)
	}
	checkHearers(t, ch)
}

func checkList(t testing.TB, s *Server, ch *channel, letter byte, list []listEntry) {
	t.Helper()
	if row := s.modeOffer().row(letter); row == nil || row.kind != irc.ModeList || len(list) == 0 {
		t.Errorf("channel %q has a list %c of %d", ch.name, letter, len(list))
	}
	keys := map[banKey]bool{}
	for _, e := range list {
		b, spelled, ok := parseMask(e.mask)
		if !ok || spelled != e.mask || keys[b.banKey] || e.parsed != nil && e.parsed.banKey != b.banKey {
			t.Errorf("channel %q list %c: mask %q is not canonical, twice, or not what it was parsed to", ch.name, letter, e.mask)
		}
		keys[b.banKey] = true
	}
}

// checkHearers compares what the channel has kept of its hearers with what they are.
func checkHearers(t testing.TB, ch *channel) {
	t.Helper()
	if ch.hearers == nil {
		return
	}
	fresh := &channel{members: ch.members}
	fresh.findHearers()
	if !slices.Equal(ch.hearers.list, fresh.hearers.list) || !slices.Equal(ch.silencers, fresh.silencers) {
		t.Errorf("channel %q: stale hearers", ch.name)
	}
}

// checkUserModes fails t when a session's modes contradict each other.
func checkUserModes(t testing.TB, s *Server, u *session) {
	t.Helper()
	if u.services {
		return
	}
	if strings.Trim(u.modes.String(), s.userModeLetters()) != "" {
		t.Errorf("session %d has modes %q, of which some are none", u.id, u.modes)
	}
	if u.modes.has('o') != (u.oper != "") || u.modes.has('s') && !u.modes.has('o') {
		t.Errorf("session %d has modes %q and is operator %q", u.id, u.modes, u.oper)
	}
	if u.suspected != nil && u.suspected.of == (suspectKey{u.prefix, u.remote, u.account, u.realname}) {
		if fresh := newSuspect(u, u.suspected.of); !slices.Equal(fresh.full, u.suspected.full) || fresh.addr != u.suspected.addr {
			t.Errorf("session %d: stale suspect", u.id)
		}
	}
}
