package ircserver

import (
	"maps"
	"slices"

	"robustirc/core/irc"
)

// dropUnoffered follows a change of the configuration that switches modes: members lose statuses that are offered no
// more, and quiets move to the ban list as ~quiet: when owners take the letter q. Everybody in the channels is told.
func (s *Server) dropUnoffered() {
	for _, key := range slices.Sorted(maps.Keys(s.channels)) {
		ch := s.channels[key]
		changes := s.dropStatuses(ch)
		if row := s.modeOffer().row('q'); row != nil && row.kind != irc.ModeList {
			changes = append(changes, s.moveQuiets(ch)...)
		}
		s.relayModes(s.witnesses(ch), s.name(), ch, changes)
	}
}

// dropStatuses takes the statuses that are not offered from all members of ch.
func (s *Server) dropStatuses(ch *channel) (changes []irc.ModeChange) {
	for _, m := range ch.members {
		for i := range modeTable {
			row := &modeTable[i]
			if row.kind == irc.ModePrefix && m.status&row.status != 0 && s.modeOffer().row(row.letter) != row {
				m.status &^= row.status
				changes = append(changes, irc.ModeChange{Mode: row.letter, Param: m.nick, HasParam: true})
			}
		}
	}
	return changes
}

// moveQuiets makes bans of the quiets of ch.
func (s *Server) moveQuiets(ch *channel) (changes []irc.ModeChange) {
	bans := ch.lists['b']
	for _, e := range ch.lists['q'] {
		b, spelled, ok := parseMask("~quiet:" + e.mask)
		if !ok || slices.ContainsFunc(bans, func(l listEntry) bool { return l.ban().banKey == b.banKey }) {
			continue
		}
		e.mask, e.parsed = spelled, &b
		bans = append(bans, e)
		changes = append(changes, irc.ModeChange{Add: true, Mode: 'b', Param: spelled, HasParam: true})
	}
	ch.setList('b', bans)
	ch.setList('q', nil)
	return changes
}

// relayModes shows changes of a channel's modes, in as many lines as the limits ask for.
func (s *Server) relayModes(to Audience, source string, ch *channel, changes []irc.ModeChange) {
	if to.Len() == 0 {
		return
	}
	head := ":" + source + " MODE " + ch.name + " "
	for _, line := range irc.FormatModes(changes, s.cfg.Limits.ModesPerLine, irc.MaxLine-2-len(head)) {
		s.emit(to, head+line)
	}
}
