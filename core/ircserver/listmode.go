package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// showList sends the entries of a list mode. Lists that only those see who may change them are refused to others.
func (s *Server) showList(by *modeActor, ch *channel, row *modeRow) *failure {
	if row.list.opsOnly && !by.rankIn(ch).atLeast(row.need) {
		return needOp(ch.name)
	}
	head := []string{ch.name}
	if row.list.withLetter {
		head = append(head, string(rune(row.letter)))
	}
	for _, e := range ch.lists[row.letter] {
		s.reply(by.session, row.list.entry, append(slices.Clip(head), e.mask, e.setter, seconds(e.time))...)
	}
	s.reply(by.session, row.list.end, head...)
	return nil
}

// applyList adds or removes an entry of a list. An entry that is there already, or is not, changes nothing, however it
// is spelled.
func (e *modeEdit) applyList(row *modeRow, c irc.ModeChange) *failure {
	b, spelled, ok := parseMask(c.Param)
	if !ok || b.mute && !row.list.takesQuiet {
		if !c.Add {
			return nil // it cannot be on the list
		}
		return fail(irc.ERR_INVALIDBAN, e.ch.name, string(rune(row.letter)), irc.Truncate(c.Param, maxMask))
	}
	list := e.ch.lists[row.letter]
	at := slices.IndexFunc(list, func(l listEntry) bool { return l.ban().banKey == b.banKey })
	switch {
	case c.Add == (at >= 0):
		return nil
	case !c.Add:
		c.Param = list[at].mask
		e.ch.setList(row.letter, slices.Delete(list, at, at+1))
	case len(list) >= e.listEntries():
		return fail(irc.ERR_BANLISTFULL, e.ch.name, spelled)
	default:
		c.Param = strings.Clone(spelled)
		e.ch.setList(row.letter, append(list, listEntry{
			mask: c.Param, setter: e.by.source, time: e.s.now, remote: e.s.cloakOwner(&b),
		}))
	}
	e.done(c)
	return nil
}

// listEntries is how many entries a list may have.
func (e *modeEdit) listEntries() int {
	if e.by.effect != nil {
		return max(gatewayListEntries, e.s.cfg.Limits.ListEntries)
	}
	return e.s.cfg.Limits.ListEntries
}

// setList replaces a list; an empty one takes no room.
func (ch *channel) setList(letter byte, list []listEntry) {
	if len(list) == 0 {
		delete(ch.lists, letter)
		return
	}
	if ch.lists == nil {
		ch.lists = map[byte][]listEntry{}
	}
	ch.lists[letter] = list
}

// cloakOwner returns the address behind the cloaked host that a mask names exactly, of a session that is here or left
// not long ago; "" when it names none. A cloak ends with its session: without the address a ban on it would, too.
func (s *Server) cloakOwner(b *ban) string {
	if b.kind != banHost {
		return ""
	}
	host := b.text[strings.LastIndexByte(b.text, '@')+1:]
	id, ok := parseCloak(host)
	if !ok {
		return ""
	}
	if u := s.sessions[id]; u != nil {
		return u.remote
	}
	for i := len(s.whowas) - 1; i >= 0; i-- {
		if s.whowas[i].host == host {
			return s.whowas[i].remote
		}
	}
	return ""
}
