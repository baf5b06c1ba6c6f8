package ircserver

import (
	"cmp"
	"slices"
)

// empty reports whether there is no recipient.
func (a Audience) empty() bool {
	return len(a.list) == 0 || len(a.list) == 1 && a.list[0].Session == a.skip
}

// gatewayed is how a list with users of firehose gateways is filed. It is made once with the list and shared with it.
type gatewayed struct {
	queued   []Recipient // those who have a stream of their own
	gateways []Gatewayed
}

// Gatewayed are the users of one firehose gateway among the recipients of an output.
type Gatewayed struct {
	// Link is the session in whose stream they are sent the output, once.
	Link SessionID
	// Users are in ascending order. The list is shared and must not be changed.
	Users []SessionID
}

// newGatewayed returns how list is filed, nil when nobody in it is a firehose gateway's.
func newGatewayed(list []Recipient) *gatewayed {
	if !slices.ContainsFunc(list, func(r Recipient) bool { return r.Gateway != 0 }) {
		return nil
	}
	v := &gatewayed{}
	for _, r := range list {
		if r.Gateway == 0 {
			v.queued = append(v.queued, r)
			continue
		}
		i := slices.IndexFunc(v.gateways, func(g Gatewayed) bool { return g.Link == r.Gateway })
		if i < 0 {
			i = len(v.gateways)
			v.gateways = append(v.gateways, Gatewayed{Link: r.Gateway})
		}
		v.gateways[i].Users = append(v.gateways[i].Users, r.Session)
	}
	slices.SortFunc(v.gateways, func(a, b Gatewayed) int { return cmp.Compare(a.Link, b.Link) })
	return v
}

// Fingerprint is equal for audiences with equal lists (Parts), and hardly ever for others.
func (a Audience) Fingerprint() uint64 { return uint64(a.hash)<<32 | uint64(uint32(len(a.list))) }

// Queued calls yield for each recipient that has a stream of its own, in ascending order of session.
func (a Audience) Queued(yield func(Recipient) bool) {
	list := a.list
	if a.via != nil {
		list = a.via.queued
	}
	for _, r := range list {
		if r.Session != a.skip && !yield(r) {
			return
		}
	}
}

// HasGateways reports whether users of firehose gateways are in the list (Parts).
func (a Audience) HasGateways() bool { return a.via != nil }

// Gateways calls yield for each firehose gateway with recipients among its users, in ascending order of link. The users
// may include the skipped one (Parts), which is no recipient.
func (a Audience) Gateways(yield func(Gatewayed) bool) {
	if a.via == nil {
		return
	}
	for _, g := range a.via.gateways {
		if (len(g.Users) > 1 || g.Users[0] != a.skip) && !yield(g) {
			return
		}
	}
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
