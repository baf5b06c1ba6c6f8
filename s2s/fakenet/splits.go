package fakenet

import (
	"slices"
	"time"

	"robustirc/s2s"
)

// split is a part of the network that is away, as it was when it went; nobody acts there.
type split struct {
	servers []*server // the first is the one whose link broke
	users   []*user
	seats   []lostSeat
	until   time.Time
}

// lostSeat is a membership behind a split, with the channel as that side knows it.
type lostSeat struct {
	user    *user
	channel channelState
	status  string
}

// channelState is what a channel's side of a split remembers.
type channelState struct {
	name, flags, key, history, topic, topicBy string
	ts, topicAt                               int64
	limit, rank                               int
	lists                                     []s2s.ListEntry
}

func (c *channel) state() channelState {
	return channelState{c.name, c.flags, c.key, c.history, c.topic, c.topicBy, c.ts, c.topicAt, c.limit, c.rank, slices.Clone(c.lists)}
}

// actSplit breaks the link to a server of ours.
func (n *Network) actSplit() bool {
	const most = 3
	if len(n.splits) >= most {
		return false
	}
	var candidates []*server
	for _, s := range n.servers[1:] {
		if s != n.services && s.link == nil {
			candidates = append(candidates, s)
		}
	}
	if len(candidates) == 0 {
		return false
	}
	n.split(pick(&n.chance, candidates), n.now.Add(time.Duration(5+n.chance.below(60))*time.Second))
	return true
}

// split takes a server and all behind it away. One line tells it.
func (n *Network) split(s *server, until time.Time) {
	sp := &split{until: until}
	sp.collect(s)
	n.mark++
	var stay []s2s.UID
	for _, u := range sp.users {
		u.mark = n.mark
	}
	for _, u := range sp.users {
		for _, seat := range u.seats {
			sp.seats = append(sp.seats, lostSeat{u, seat.channel.state(), seat.status})
			if n.cfg.Truth {
				stay = n.unmarked(stay, seat.channel)
			}
		}
	}
	lost := make([]s2s.UID, len(sp.users))
	for i, u := range sp.users {
		lost[i] = u.uid
		n.lost++
		n.removeUser(u)
	}
	source, ref := s2s.Ref(""), s2s.Ref(s.sid)
	if n.cfg.Protocol == Unreal {
		ref = s2s.Ref(s.name)
	}
	h := n.tell(nil, source, s2s.ServerGone{Server: ref, Reason: s.uplink.name + " " + s.name}, n.linked, stay, "")
	h.Lost = lost
	n.servers = slices.DeleteFunc(n.servers, func(x *server) bool { return slices.Contains(sp.servers, x) })
	s.uplink.behind = slices.DeleteFunc(s.uplink.behind, func(x *server) bool { return x == s })
	n.splits = append(n.splits, sp)
	n.lostSeats += len(sp.seats)
	n.stats.Splits++
}

// collect lists a server with what is behind it.
func (sp *split) collect(s *server) {
	sp.servers = append(sp.servers, s)
	sp.users = append(sp.users, s.users...)
	for _, b := range s.behind {
		sp.collect(b)
	}
}

// lostNick is the nick of somebody behind a split, or "".
func (n *Network) lostNick() string {
	if len(n.splits) == 0 {
		return ""
	}
	sp := pick(&n.chance, n.splits)
	if len(sp.users) == 0 {
		return ""
	}
	if u := pick(&n.chance, sp.users); !u.saved() {
		return u.nick
	}
	return ""
}

// rejoin brings splits back whose time has come, and whose uplink is not away itself.
func (n *Network) rejoin() {
	for i := 0; i < len(n.splits); i++ {
		if sp := n.splits[i]; !sp.until.After(n.now) && slices.Contains(n.servers, sp.servers[0].uplink) {
			n.splits = slices.Delete(n.splits, i, i+1)
			n.bringBack(sp)
			i--
		}
	}
}

func (n *Network) bringBack(sp *split) {
	n.lost -= len(sp.users)
	n.lostSeats -= len(sp.seats)
	top := sp.servers[0]
	top.uplink.behind = append(top.uplink.behind, top)
	for _, s := range sp.servers {
		n.servers = append(n.servers, s)
		n.tellServer(s)
	}
	back := map[*user]bool{}
	for _, u := range sp.users {
		if !n.chance.oneIn(20) { // who left while nobody could see it
			back[u] = n.bringUser(u)
		}
	}
	n.bringChannels(sp, back)
	for _, s := range sp.servers {
		n.endOfRejoin(s)
	}
}

func (n *Network) tellServer(s *server) {
	b := burst{n: n}
	b.server(s)
	for _, e := range b.list {
		if _, eos := e.Body.(s2s.EndOfBurst); !eos { // a server that links says it at the end (server.c:server_sync)
			n.tell(nil, e.Source, e.Body, n.linked, nil, "")
		}
	}
}

func (n *Network) endOfRejoin(s *server) {
	switch n.cfg.Protocol {
	case TS6:
		for _, l := range n.links {
			n.tell(nil, s2s.Ref(s.sid), s2s.Ping{Origin: s.name, Target: string(l.sid)}, []s2s.SID{l.sid}, nil, "")
		}
	default:
		n.serve(s, s2s.EndOfBurst{}, nil)
	}
}

// bringUser introduces a user again, and settles whose nick it is. It reports whether the user is back.
func (n *Network) bringUser(u *user) bool {
	u.seats = nil
	if holder := n.nick(u.nick); holder != nil && !n.settleNick(holder, u) {
		return false
	}
	n.introduce(u)
	return true
}

// settleNick decides a collision of two users who are not the same person: the older timestamp wins, and equal ones
// both lose (m_nick.c:perform_nick_collides). It reports whether the newcomer may still come, under a nick that is free.
func (n *Network) settleNick(holder, newcomer *user) bool {
	ts := holder.ts
	if newcomer.ts <= ts {
		n.lose(holder)
	}
	if newcomer.ts < ts {
		return true
	}
	if n.traits.save {
		newcomer.nick, newcomer.ts = string(newcomer.uid), savedTS
		return true
	}
	return false
}

// bringChannels merges the memberships of who is back, channel by channel in the order they were lost.
func (n *Network) bringChannels(sp *split, back map[*user]bool) {
	groups := map[string]int{}
	var lists [][]lostSeat
	for _, seat := range sp.seats {
		if !back[seat.user] {
			continue
		}
		key := n.fold(seat.channel.name)
		i, ok := groups[key]
		if !ok {
			i = len(lists)
			groups[key] = i
			lists = append(lists, nil)
		}
		lists[i] = append(lists[i], seat)
	}
	for _, list := range lists {
		n.merge(sp.servers[0], list)
	}
}

// merge joins the members of one channel by the timestamp rules (m_join.c:ms_sjoin): an older timestamp takes modes and
// statuses away from those who are there, an equal one adds, and with a newer one members come bare.
func (n *Network) merge(s *server, seats []lostSeat) {
	state := seats[0].channel
	c := n.channel(state.name)
	fresh := c == nil
	if fresh {
		c = n.addChannel(state.name, state.ts, state.rank)
	}
	audience := n.audience(c)
	keep := fresh || state.ts <= c.ts
	theirs := fresh || state.ts < c.ts
	switch {
	case theirs:
		n.overrule(c, state, fresh)
	case state.ts == c.ts:
		c.add(state)
	}
	var members []*member
	for _, seat := range seats {
		if !keep {
			seat.status = ""
		}
		members = append(members, n.join(seat.user, c, seat.status))
	}
	n.tellMerged(s, c, members, merged{fresh, theirs, keep}, audience)
}

// merged is what came of two sides of a channel.
type merged struct {
	fresh  bool // there was only theirs
	theirs bool // their modes and lists hold
	keep   bool // their statuses hold
}

// tellMerged tells who joined, and what of theirs holds now.
func (n *Network) tellMerged(s *server, c *channel, members []*member, of merged, audience []s2s.UID) {
	body := n.channelBurst(c, members)
	if !of.keep {
		body.HasModes, body.Modes, body.Params = false, "", nil
	}
	if of.theirs && n.cfg.Protocol == Unreal {
		body.Lists = slices.Clone(c.lists)
	}
	n.serve(s, body, audience)
	if of.theirs && n.cfg.Protocol != Unreal {
		b := burst{n: n}
		b.lists(c)
		for _, e := range b.list {
			n.serve(s, e.Body, audience)
		}
	}
	if of.fresh && c.topic != "" {
		source, body := n.topicBurst(c)
		n.tell(nil, source, body, n.linked, audience, "")
	}
}

// overrule gives a channel the timestamp, modes and lists of the older side, without statuses.
func (n *Network) overrule(c *channel, state channelState, fresh bool) {
	c.ts, c.flags, c.key, c.limit, c.history, c.lists, c.lock = state.ts, state.flags, state.key, state.limit, state.history, state.lists, ""
	for _, m := range c.members {
		m.status = ""
	}
	if fresh {
		c.topic, c.topicBy, c.topicAt = state.topic, state.topicBy, state.topicAt
	} else if n.cfg.Protocol == Hybrid {
		c.topic = "" // hyb:m_sjoin.c clears it
	}
}

// add merges modes of equal timestamps: the simple ones of both, the greater key and limit.
func (c *channel) add(state channelState) {
	for i := range len(state.flags) {
		c.set(state.flags[i], true)
	}
	if c.has('s') {
		c.set('p', false)
	}
	c.key, c.limit = max(c.key, state.key), max(c.limit, state.limit)
	if c.history == "" {
		c.history = state.history
	}
}
