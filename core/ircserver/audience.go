package ircserver

import "slices"

// empty reports whether there is no recipient.
func (a Audience) empty() bool {
	return len(a.list) == 0 || len(a.list) == 1 && a.list[0].Session == a.skip
}

// but is a without u.
func (a Audience) but(u *session) Audience {
	a.skip = u.reader()
	return a
}

// selected is the audience of those members that keep selects.
func selected(members []*member, keep func(*member) bool) Audience {
	list := make([]Recipient, 0, len(members))
	for _, m := range members {
		if keep(m) {
			list = append(list, m.recipient())
		}
	}
	return newAudience(list)
}

// changed says that the channel's shared audiences are out of date: membership, or a member's capabilities, deafness
// or silence list has changed.
func (ch *channel) changed() { ch.audience, ch.hearers, ch.silencers = nil, nil, nil }

// audienceChanged says so for u and every channel it is in.
func (u *session) audienceChanged() {
	u.self = nil
	for _, ch := range u.channels {
		ch.changed()
	}
}

// hearersBut is who receives a message of u: everybody else who is not deaf and does not silence u. While nobody in
// the channel has a silence list it is shared and costs nothing.
func (ch *channel) hearersBut(u *session) Audience {
	if ch.hearers == nil {
		ch.findHearers()
	}
	if !slices.ContainsFunc(ch.silencers, func(v *session) bool { return v.silences(u) }) {
		return ch.hearers.but(u)
	}
	return selected(ch.members, func(m *member) bool { return m.hears() && !m.silences(u) }).but(u)
}

func (ch *channel) findHearers() {
	a := selected(ch.members, (*member).hears)
	ch.hearers = &a
	for _, m := range ch.members {
		if m.hears() && len(m.silence) > 0 {
			ch.silencers = append(ch.silencers, m.session)
		}
	}
}

// hears reports whether m gets channel messages: it is not deaf (+D).
func (m *member) hears() bool { return !m.modes.has('D') }

// isShown reports whether everybody may know that m is in ch: an auditorium (+u) hides those without rank from each
// other.
func (ch *channel) isShown(m *member) bool {
	return !ch.modes.has('u') || m.services || m.status.atLeast(statusHalfop)
}

// isShownTo reports whether v may know that m is in ch; v is nil for those who are not members.
func (ch *channel) isShownTo(m, v *member) bool {
	return ch.isShown(m) || m == v || v != nil && ch.isShown(v)
}

// seers are the members who are shown what m does in ch (JOIN, PART, KICK, QUIT, NICK), m included.
func (ch *channel) seers(m *member) Audience {
	if ch.isShown(m) {
		return ch.all()
	}
	return selected(ch.members, func(v *member) bool { return ch.isShownTo(m, v) })
}
