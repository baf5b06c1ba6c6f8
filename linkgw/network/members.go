package network

import (
	"strings"

	"robustirc/s2s"
)

// ensure returns the channel with a name, and makes it when it is not there: in UnrealIRCd with the present time when the
// timestamp is none (unreal:channel.c:make_channel).
func (n *Network) ensure(name string, ts int64) (c *Channel, isNew bool) {
	if c = n.Channel(name); c != nil {
		return c, false
	}
	if n.rules.ZeroTS == ZeroIsEqual && ts <= minValidTS {
		ts = n.now
	}
	c = &Channel{Name: strings.Clone(name), TS: ts}
	n.channels[n.nickKey(c.Name)] = c
	n.changed(ChannelCreated{c})
	return c, true
}

// validChannel reports whether a name can be a channel of the network; '&' is local to a server.
func validChannel(name string) bool {
	return len(name) > 1 && name[0] == '#' && !strings.ContainsAny(name, " ,\x07")
}

// enter makes a user a member. One that is already keeps the statuses it has: those that come with a repeated join are
// announced by the servers but not set (m_join.c, hyb:m_sjoin.c, unreal:sjoin.c: only behind IsMember).
func (n *Network) enter(u *User, c *Channel, s Status) {
	key := memberKey{u, c}
	if n.members[key] != nil {
		return
	}
	m := &Member{User: u, Channel: c, Status: s, inUser: int32(len(u.channels)), inChannel: int32(len(c.members))}
	n.members[key] = m
	u.channels = append(u.channels, m)
	c.members = append(c.members, m)
	n.changed(Joined{User: u, Channel: c, Status: s})
}

// leave ends a membership, and the channel when it was the last.
func (n *Network) leave(m *Member) {
	delete(n.members, memberKey{m.User, m.Channel})
	u, c := m.User, m.Channel
	last := u.channels[len(u.channels)-1]
	last.inUser, u.channels[m.inUser] = m.inUser, last
	u.channels[len(u.channels)-1] = nil
	u.channels = u.channels[:len(u.channels)-1]
	last = c.members[len(c.members)-1]
	last.inChannel, c.members[m.inChannel] = m.inChannel, last
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	n.expire(c)
}

// expire destroys a channel without members, unless it is permanent.
func (n *Network) expire(c *Channel) {
	if len(c.members) > 0 || n.rules.Permanent != 0 && c.flags.Has(n.rules.Permanent) {
		return
	}
	if n.Channel(c.Name) == c {
		delete(n.channels, n.nickKey(c.Name))
		n.changed(ChannelDestroyed{c})
	}
}

// join is a user's own join. With a timestamp older than the channel's it takes modes and statuses away, but not the
// lists (m_join.c:ms_join; reference ts6.md 4).
func (n *Network) join(by Source, b s2s.Join) {
	u := n.needUser(by)
	switch {
	case u == nil:
		return
	case !validChannel(b.Channel):
		n.ignore(IgnoredName)
		return
	case n.rules.Resyncs && n.Channel(b.Channel) == nil:
		n.changed(ResyncNeeded{Channel: strings.Clone(b.Channel)})
		return
	}
	ts := b.TS
	if !b.HasTS {
		ts = n.now
	}
	c, isNew := n.ensure(b.Channel, ts)
	if !isNew && b.HasTS && n.weigh(c, b.Channel, ts) == theirsWins {
		n.wipe(c, Source{Server: by.Server}, false)
	}
	var s Status
	if isNew && !b.HasTS {
		s = statusBit('o') // unreal:join.c: who creates a channel is its operator
	}
	n.enter(u, c, s)
}

func (n *Network) partAll(by Source) {
	if u := n.needUser(by); u != nil {
		for len(u.channels) > 0 {
			n.partFrom(u.channels[len(u.channels)-1], "")
		}
	}
}

func (n *Network) part(by Source, b s2s.Part) {
	u := n.needUser(by)
	if u == nil {
		return
	}
	for _, name := range b.Channels {
		if c := n.find(name); c != nil {
			if m := n.memberOf(u, c); m != nil {
				n.partFrom(m, b.Reason)
			}
		}
	}
}

func (n *Network) partFrom(m *Member, reason string) {
	n.changed(Parted{User: m.User, Channel: m.Channel, Reason: strings.Clone(reason)})
	n.leave(m)
}

// memberOf returns a membership, and counts one that is not there.
func (n *Network) memberOf(u *User, c *Channel) *Member {
	m := n.members[memberKey{u, c}]
	if m == nil {
		n.ignore(IgnoredNotMember)
	}
	return m
}

func (n *Network) kick(by Source, b s2s.Kick) {
	c := n.find(b.Channel)
	if c == nil {
		return
	}
	u := n.target(b.User)
	if u == nil {
		return
	}
	if m := n.memberOf(u, c); m != nil {
		n.changed(Kicked{User: u, Channel: c, By: by, Reason: strings.Clone(b.Reason)})
		n.leave(m)
	}
}

func (n *Network) invite(by Source, b s2s.Invite) {
	if b.Inviter != "" {
		by, _ = n.resolve(b.Inviter)
	}
	c, u := n.find(b.Channel), n.target(b.User)
	switch {
	case c == nil || u == nil:
	case b.TS != 0 && b.TS > c.TS && !n.rules.HostModes:
		n.ignore(IgnoredOlder) // m_invite.c:ms_invite
	default:
		n.changed(Invited{By: by, User: u, Channel: c, Notice: b.Notice})
	}
}

func (n *Network) knock(by Source, b s2s.Knock) {
	if c := n.find(b.Channel); c != nil {
		n.changed(Knocked{By: by, Channel: c, Reason: strings.Clone(b.Reason)})
	}
}
