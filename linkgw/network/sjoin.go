package network

import (
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// verdict is which side of two timestamps has its way.
type verdict int

const (
	merge verdict = iota
	oursWins
	theirsWins
)

// minValidTS is the last timestamp that UnrealIRCd takes for a mistake (unreal:struct.h, IsInvalidChannelTS).
const minValidTS = 1000000

// weigh compares a timestamp with the channel's, takes it over when it is older, and says who wins.
func (n *Network) weigh(c *Channel, name string, ts int64) verdict {
	switch {
	case n.rules.ZeroTS == ZeroIsEqual && ts <= minValidTS:
		return merge
	case n.rules.ZeroTS == ZeroSpreads && (ts == 0 || c.TS == 0):
		n.age(c, c.Name, 0)
		return merge
	case ts == c.TS:
		return merge
	case ts > c.TS:
		return oursWins
	}
	if n.rules.ZeroTS == ZeroIsEqual {
		name = c.Name // unreal:sjoin.c leaves the name as it is
	}
	n.age(c, name, ts)
	return theirsWins
}

// age gives a channel an older timestamp, and its name the case that goes with it.
func (n *Network) age(c *Channel, name string, ts int64) {
	if c.TS == ts && c.Name == name {
		return
	}
	was := ChannelAged{Channel: c, Old: c.TS, OldName: c.Name}
	c.TS = ts
	if c.Name != name {
		delete(n.channels, n.nickKey(c.Name))
		c.Name = strings.Clone(name)
		n.channels[n.nickKey(c.Name)] = c
	}
	n.changed(was)
}

// channelBurst is a channel as a server has it, or users who join with statuses (m_join.c:ms_sjoin, hyb:m_sjoin.c,
// unreal:sjoin.c).
func (n *Network) channelBurst(by Source, b s2s.ChannelBurst) {
	switch {
	case by.User != nil:
		n.ignore(IgnoredKind)
		return
	case !validChannel(b.Channel):
		n.ignore(IgnoredName)
		return
	}
	c, isNew := n.ensure(b.Channel, b.TS)
	won := merge
	if !isNew {
		won = n.weigh(c, b.Channel, b.TS)
	}
	m := modeSetter{n: n, channel: c, by: by}
	switch won {
	case theirsWins:
		n.wipe(c, by, true)
	case oursWins:
		n.ignore(IgnoredOlder)
	}
	if won != oursWins {
		m.merge(b)
	}
	n.burstMembers(c, b, won)
	if won != oursWins {
		m.addEntries(b.Lists)
	}
	m.flush()
	n.expire(c)
}

// burstMembers joins the members, without statuses where the channel here is older. Users who are not behind the link
// are passed over.
func (n *Network) burstMembers(c *Channel, b s2s.ChannelBurst, won verdict) {
	for _, item := range b.Members {
		u := n.users[item.User]
		if u == nil {
			u = n.Nick(string(item.User))
		}
		switch {
		case u == nil:
			n.ignore(IgnoredUser)
		case u.Server.Ours != n.own:
			n.ignore(IgnoredDirection)
		case won == oursWins:
			n.enter(u, c, 0)
		default:
			n.enter(u, c, n.knownStatus(item.Status))
		}
	}
}

// knownStatus returns the statuses that the network has.
func (n *Network) knownStatus(letters string) (s Status) {
	for i := range len(letters) {
		if n.modes.Class(letters[i]) == irc.ModePrefix {
			s |= statusBit(letters[i])
		} else {
			n.ignore(IgnoredMode)
		}
	}
	return s
}

// wipe takes away what a channel loses with its timestamp: modes, statuses and lock; for SJOIN the lists; in hybrid the
// topic.
func (n *Network) wipe(c *Channel, by Source, lists bool) {
	m := modeSetter{n: n, channel: c, by: by}
	for _, member := range c.members {
		m.setStatus(false, member, member.Status)
	}
	for i := 0; lists && i < len(c.lists); i++ {
		m.done = append(m.done, ModeChange{Letter: c.lists[i].Letter[0], Param: c.lists[i].Mask})
	}
	if lists {
		c.lists = nil
	}
	for letter := byte('A'); letter <= 'z'; letter++ {
		m.setFlag(false, letter)
	}
	for len(c.params) > 0 {
		m.unsetParam(c.params[len(c.params)-1].Letter)
	}
	m.flush()
	n.setLock(c, by, Lock{TS: c.Lock.TS})
	if n.rules.TopicWiped && c.Topic != (Topic{}) {
		n.setTopic(c, by, Topic{})
	}
}
