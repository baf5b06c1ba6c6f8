package ircserver

import (
	"slices"

	"robustirc/core/irc"
)

// modesSwitched follows a change of the configuration that switches modes. Members lose the statuses that are offered
// no more, clients are told what there is now (005), and quiets move to the ban list as ~quiet: when owners take the
// letter q; in this order, so that clients can read each line.
func (s *Server) modesSwitched() {
	channels := s.byName()
	for _, ch := range channels {
		s.relayModes(s.witnesses(ch), s.name(), ch, s.dropStatuses(ch))
	}
	for _, u := range s.byNick() {
		if !u.services {
			s.features(u)
		}
	}
	if s.cfg.Owner {
		for _, ch := range channels {
			s.relayModes(s.witnesses(ch), s.name(), ch, s.moveQuiets(ch))
		}
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
	if len(ch.lists['q']) == 0 {
		return nil
	}
	bans := ch.lists['b']
	for _, e := range ch.lists['q'] {
		b, spelled, ok := parseMask(quietPrefix + e.mask)
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
