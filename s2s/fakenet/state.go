package fakenet

import (
	"slices"
	"strconv"
	"strings"

	"robustirc/s2s"
)

// addUser puts a user into the network.
func (n *Network) addUser(u *user) {
	n.byUID[u.uid], n.byNick[n.fold(u.nick)] = u, u
	u.inSide = len(u.server.users)
	u.server.users = append(u.server.users, u)
	u.inPeople = -1
	if !u.service && u.server.link == nil {
		u.inPeople = len(n.people)
		n.people = append(n.people, u)
	}
	if u.oper {
		n.opers = append(n.opers, u)
	}
}

// removeUser takes a user out, and out of all channels.
func (n *Network) removeUser(u *user) {
	for len(u.seats) > 0 {
		n.leave(u.seats[len(u.seats)-1])
	}
	delete(n.byUID, u.uid)
	if n.byNick[n.fold(u.nick)] == u {
		delete(n.byNick, n.fold(u.nick))
	}
	swapRemove(&u.server.users, u.inSide, func(x *user, i int) { x.inSide = i })
	if u.inPeople >= 0 {
		swapRemove(&n.people, u.inPeople, func(x *user, i int) { x.inPeople = i })
	}
	if u.oper {
		n.opers = slices.DeleteFunc(n.opers, func(x *user) bool { return x == u })
	}
}

// swapRemove takes out element i and puts the last one in its place.
func swapRemove[T any](list *[]T, i int, moved func(T, int)) {
	l := *list
	last := len(l) - 1
	l[i] = l[last]
	moved(l[i], i)
	var zero T
	l[last] = zero
	*list = l[:last]
}

// rename gives a user another nick.
func (n *Network) rename(u *user, nick string, ts int64) {
	if n.byNick[n.fold(u.nick)] == u {
		delete(n.byNick, n.fold(u.nick))
	}
	if n.cfg.Protocol == Unreal && n.fold(nick) != n.fold(u.nick) {
		u.modes = strings.ReplaceAll(u.modes, "r", "") // nick.c:cmd_nick_remote, removemoder; nobody is told
	}
	u.nick, u.ts = nick, ts
	n.byNick[n.fold(nick)] = u
}

// addChannel makes a channel; rank is -1 for one that is none of ours.
func (n *Network) addChannel(name string, ts int64, rank int) *channel {
	c := &channel{name: name, ts: ts, rank: rank, inOrder: len(n.order)}
	n.byName[n.fold(name)] = c
	n.order = append(n.order, c)
	if rank >= 0 {
		n.ranks[rank] = c
	}
	return c
}

func (n *Network) removeChannel(c *channel) {
	delete(n.byName, n.fold(c.name))
	swapRemove(&n.order, c.inOrder, func(x *channel, i int) { x.inOrder = i })
	if c.rank >= 0 {
		n.ranks[c.rank] = nil
	}
}

// join seats a user.
func (n *Network) join(u *user, c *channel, status string) *member {
	m := &member{user: u, channel: c, status: status, inChannel: len(c.members), inUser: len(u.seats)}
	c.members, u.seats = append(c.members, m), append(u.seats, m)
	c.uids = nil
	if link := u.server.link; link != nil {
		if c.leafSeat == nil {
			c.leafSeat = map[*server]int{}
		}
		c.leafSeat[link]++
	}
	if u.inPeople >= 0 {
		n.membership++
	}
	return m
}

// leave takes a seat away, and a channel that nobody is left in.
func (n *Network) leave(m *member) {
	c, u := m.channel, m.user
	swapRemove(&c.members, m.inChannel, func(x *member, i int) { x.inChannel = i })
	swapRemove(&u.seats, m.inUser, func(x *member, i int) { x.inUser = i })
	c.uids = nil
	if link := u.server.link; link != nil {
		c.leafSeat[link]--
	}
	if u.inPeople >= 0 {
		n.membership--
	}
	if len(c.members) == 0 && strings.IndexByte(c.flags, 'P') < 0 {
		n.removeChannel(c)
	}
}

// seat finds a user in a channel, looking through the shorter of the two lists.
func (u *user) seat(c *channel) *member {
	if len(u.seats) <= len(c.members) {
		for _, m := range u.seats {
			if m.channel == c {
				return m
			}
		}
		return nil
	}
	for _, m := range c.members {
		if m.user == u {
			return m
		}
	}
	return nil
}

// rank orders statuses: 0 is none.
func (n *Network) rank(m *member) int {
	if m.status == "" {
		return 0
	}
	return len(n.traits.statuses) - strings.IndexByte(n.traits.statuses, m.status[0])
}

// isOp reports whether a member may change modes: operators and above.
func (n *Network) isOp(m *member) bool {
	return m.status != "" && strings.IndexByte(n.traits.statuses, m.status[0]) <= strings.IndexByte(n.traits.statuses, 'o')
}

// withStatus adds or takes a letter, and keeps the order.
func (n *Network) withStatus(status string, letter byte, add bool) string {
	var b []byte
	for i := range len(n.traits.statuses) {
		l := n.traits.statuses[i]
		has := strings.IndexByte(status, l) >= 0
		if l == letter && add || has && l != letter {
			b = append(b, l)
		}
	}
	return string(b)
}

func (c *channel) has(flag byte) bool { return strings.IndexByte(c.flags, flag) >= 0 }

// set switches a mode without parameter.
func (c *channel) set(flag byte, on bool) {
	c.flags = strings.ReplaceAll(c.flags, string(flag), "")
	if on {
		c.flags += string(flag)
	}
}

// modes are those of a burst: the simple ones first, as solanum misreads others (m_join.c:ms_sjoin).
func (c *channel) modes() (string, []string) {
	modes, params := "+"+c.flags, []string(nil)
	if c.history != "" {
		modes, params = modes+"H", append(params, c.history)
	}
	if c.limit > 0 {
		modes, params = modes+"l", append(params, strconv.Itoa(c.limit))
	}
	if c.key != "" {
		modes, params = modes+"k", append(params, c.key)
	}
	return modes, params
}

// bans reports whether a user is banned. All bans of this network that match anybody are of hosts.
func (c *channel) bans(u *user) bool {
	mask := hostMask(u)
	return slices.ContainsFunc(c.lists, func(e s2s.ListEntry) bool { return e.Letter == "b" && e.Mask == mask })
}

func hostMask(u *user) string { return "*!*@" + u.host }

// violation notes what a leaf must not say.
func (n *Network) violation(link *server, event, reason string) {
	n.stats.Violations++
	if len(n.violations) < maxViolations {
		n.violations = append(n.violations, Violation{At: n.now, Link: link.sid, Event: event, Reason: reason})
	}
}
