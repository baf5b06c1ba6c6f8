package fakenet

import (
	"slices"
	"strings"

	"robustirc/s2s"
)

// person is one of those who act, or nil.
func (n *Network) person() *user {
	if len(n.people) == 0 {
		return nil
	}
	return pick(&n.chance, n.people)
}

// place is a channel by popularity, or nil when it is empty.
func (n *Network) popularChannel() *channel { return n.ranks[n.popular.draw(&n.chance)] }

// speaker is a member who may talk in a channel: one of ours, not banned, and with a status where it is moderated.
func (n *Network) speaker(c *channel) *member {
	const tries = 5
	for range tries {
		m := pick(&n.chance, c.members)
		if m.user.inPeople < 0 || m.status == "" && (c.has('m') || c.bans(m.user)) {
			continue
		}
		return m
	}
	return nil
}

// operator is a member of ours who may change modes, or nil.
func (n *Network) operator(c *channel) *member {
	start := n.chance.below(len(c.members))
	for i := range c.members {
		if m := c.members[(start+i)%len(c.members)]; n.isOp(m) && m.user.inPeople >= 0 {
			return m
		}
	}
	return nil
}

// hearing is the links that get the text of a channel: those with a member in it (send.c:sendto_channel_flags_internal),
// and in UnrealIRCd those that its broadcast setting adds (send.c:sendto_channel). A leaf does not know
// whom its uplink has in a channel.
func (n *Network) hearing(c *channel) []s2s.SID {
	if n.cfg.AsLeaf || n.cfg.Protocol == Unreal && (n.cfg.Broadcast == BroadcastAlways || c.history != "") {
		return n.linked
	}
	return n.linksWhere(func(link *server) bool { return c.leafSeat[link] > 0 })
}

// linksWhere is a part of the links, without making a list when it is all or none of them.
func (n *Network) linksWhere(holds func(*server) bool) []s2s.SID {
	count := 0
	for _, l := range n.links {
		if holds(l) {
			count++
		}
	}
	switch count {
	case 0:
		return nil
	case len(n.links):
		return n.linked
	}
	var list []s2s.SID
	for _, l := range n.links {
		if holds(l) {
			list = append(list, l.sid)
		}
	}
	return list
}

// textSource is how the source of a channel's message is written: UnrealIRCd says the nick.
func (n *Network) textSource(u *user) s2s.Ref { return n.userSource(u) }

func (n *Network) actMessage() bool { return n.channelText(s2s.Privmsg) }

func (n *Network) actNotice() bool { return n.channelText(s2s.Notice) }

func (n *Network) channelText(kind s2s.MessageKind) bool {
	c := n.popularChannel()
	if c == nil {
		return false
	}
	m := n.speaker(c)
	if m == nil || kind == s2s.Notice && c.has('T') {
		return false
	}
	body := s2s.Message{Kind: kind, TargetKind: s2s.TargetChannel, Target: c.name, Text: n.channelSentence(c)}
	n.tell(m.user, n.textSource(m.user), body, n.hearing(c), n.audience(c), m.user.uid)
	return true
}

// channelSentence is a text that the channel takes: without colours where they are refused or taken out (+c, +S).
func (n *Network) channelSentence(c *channel) string {
	text := n.sentence(pick(&n.chance, c.members).user.nick)
	if c.has('c') || c.has('S') {
		text = strings.ReplaceAll(text, colour, "")
	}
	return text
}

// actStatusMessage is to the operators of a channel; links get it where one of their members is one.
func (n *Network) actStatusMessage() bool {
	c := n.popularChannel()
	if c == nil {
		return false
	}
	m := n.operator(c)
	if m == nil {
		return false
	}
	reached := map[*server]bool{}
	var audience []s2s.UID
	for _, x := range c.members {
		if n.isOp(x) {
			audience = append(audience, x.user.uid)
			reached[x.user.server.link] = true
		}
	}
	if !n.cfg.Truth {
		audience = nil
	}
	body := s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetStatus, Target: c.name, Status: "@", Text: n.channelSentence(c)}
	n.tell(m.user, n.textSource(m.user), body, n.linksWhere(func(l *server) bool { return reached[l] }), audience, m.user.uid)
	return true
}

// actPrivate is between two users. Links are told when it is to a user of theirs.
func (n *Network) actPrivate() bool {
	from, to := n.person(), n.person()
	if from == nil || from == to {
		return false
	}
	n.private(from, to, s2s.Privmsg, n.sentence(""))
	return true
}

func (n *Network) private(from, to *user, kind s2s.MessageKind, text string) {
	var links []s2s.SID
	if to.server.link != nil {
		links = []s2s.SID{to.server.link.sid}
	}
	body := s2s.Message{Kind: kind, TargetKind: s2s.TargetUser, Target: string(to.uid), Text: text}
	n.tell(from, s2s.Ref(from.uid), body, links, n.one(to), "")
}

// actMove joins or parts, so that there are about as many memberships as people want; those behind a split count.
func (n *Network) actMove() bool {
	if n.membership+n.lostSeats > n.seats || n.chance.oneIn(3) {
		return n.part()
	}
	return n.joinSome()
}

func (n *Network) part() bool {
	u := n.person()
	if u == nil || len(u.seats) == 0 {
		return false
	}
	m := pick(&n.chance, u.seats)
	reason := pick(&n.chance, partReasons)
	if reason != "" && n.cfg.Protocol == TS6 {
		reason = `"` + reason + `"` // as solanum quotes users' reasons
	}
	n.say(u, s2s.Part{Channels: []string{m.channel.name}, Reason: reason}, n.audience(m.channel), "")
	n.leave(m)
	return true
}

func (n *Network) joinSome() bool {
	u, rank := n.person(), n.popular.draw(&n.chance)
	if u == nil {
		return false
	}
	c := n.ranks[rank]
	switch {
	case c == nil && n.channel(n.names[rank]) != nil:
		return false // a leaf has made it meanwhile
	case c == nil:
		n.create(u, rank)
		return true
	case u.seat(c) != nil || len(c.members) >= largest*2 || !n.mayJoin(u, c):
		return false
	}
	n.joinTold(u, c)
	return true
}

func (n *Network) mayJoin(u *user, c *channel) bool {
	return !c.has('i') && !c.bans(u) && (c.limit == 0 || len(c.members) < c.limit) && (u.account != "" || !c.has('r') && !c.has('R')) && (u.oper || !c.has('O'))
}

// create makes a channel with its first member. UnrealIRCd says its modes in a line of their own.
func (n *Network) create(u *user, rank int) {
	c := n.addChannel(n.names[rank], n.unix(), rank)
	c.flags = "nt"
	m := n.join(u, c, "o")
	body := n.channelBurst(c, c.members)
	if n.cfg.Protocol != Unreal {
		n.serve(u.server, body, n.audience(c))
		return
	}
	body.HasModes, body.Modes, body.Params = false, "", nil
	n.serve(u.server, body, n.audience(c))
	n.serve(u.server, s2s.ChannelModes{Channel: c.name, TS: c.ts, HasTS: true, Modes: "+nt"}, n.audience(m.channel))
}

// joinTold joins a user and tells it. UnrealIRCd says joins with SJOIN.
func (n *Network) joinTold(u *user, c *channel) {
	n.join(u, c, "")
	if n.cfg.Protocol == Unreal {
		h := n.tell(u, s2s.Ref(u.server.sid), s2s.ChannelBurst{Channel: c.name, TS: c.ts, Members: []s2s.Member{{User: u.uid}}}, n.linked, n.audience(c), "")
		h.Actor = u.uid
		return
	}
	n.say(u, s2s.Join{Channel: c.name, TS: c.ts, HasTS: true}, n.audience(c), "")
}

// actComeOrGo keeps the number of people around what is configured.
func (n *Network) actComeOrGo() bool {
	if all := len(n.people) + n.lost; all < n.cfg.Users && (all < n.cfg.Users*98/100 || n.chance.oneIn(2)) {
		n.come()
		return true
	}
	u := n.person()
	if u == nil || len(n.people) == 1 {
		return false
	}
	n.quit(u, pick(&n.chance, quitReasons))
	return true
}

func (n *Network) come() *user {
	u := n.newUser(n.place(), n.unix())
	u.away = ""
	n.introduce(u)
	return u
}

// introduce adds a new user and tells it.
func (n *Network) introduce(u *user) {
	n.addUser(u)
	b := burst{n: n}
	b.user(u)
	for _, e := range b.list {
		h := n.tell(u, e.Source, e.Body, n.linked, nil, "")
		h.Actor = u.uid
	}
}

func (n *Network) quit(u *user, reason string) {
	if n.cfg.Protocol != TS6 && reason != "" && !strings.Contains(reason, ":") {
		reason = "Quit: " + reason
	}
	n.say(u, s2s.UserQuit{Reason: reason}, n.neighbours(u), "")
	n.removeUser(u)
}

// actNick renames: sometimes to the nick of somebody on the other side of a split, which collides when it ends, and
// sometimes only to another case, whose timestamp real servers leave as it is.
func (n *Network) actNick() bool {
	u := n.person()
	if u == nil {
		return false
	}
	nick := n.freshNick()
	if lost := n.lostNick(); lost != "" && n.chance.oneIn(4) && n.nick(lost) == nil {
		nick = lost
	}
	n.renameTold(u, nick, n.unix())
	return true
}

func (n *Network) renameTold(u *user, nick string, ts int64) {
	audience := append(n.neighbours(u), n.one(u)...)
	n.rename(u, nick, ts)
	n.say(u, s2s.NickChanged{Nick: nick, TS: ts}, audience, "")
}

func (n *Network) actAway() bool {
	u := n.person()
	if u == nil {
		return false
	}
	if u.away == "" {
		u.away = pick(&n.chance, awayTexts)
	} else {
		u.away = ""
	}
	n.tell(u, n.userSource(u), s2s.Away{Text: u.away}, n.linked, n.neighbours(u), "")
	return true
}

// actQuestion asks the leaf's server something, which it should answer.
func (n *Network) actQuestion() bool {
	if len(n.links) == 0 || len(n.people) == 0 {
		return false
	}
	link, u := pick(&n.chance, n.links), n.person()
	name := string(link.sid)
	if n.cfg.Protocol == Unreal {
		name = link.name
	}
	questions := []s2s.Query{{Command: "VERSION", Params: []string{name}}, {Command: "TIME", Params: []string{name}}, {Command: "MOTD", Params: []string{name}}}
	if i := slices.IndexFunc(link.users, func(*user) bool { return true }); i >= 0 {
		who := link.users[n.chance.below(len(link.users))]
		questions = append(questions, s2s.Query{Command: "WHOIS", Params: []string{string(who.uid), who.nick}})
	}
	n.tell(u, s2s.Ref(u.uid), pick(&n.chance, questions), []s2s.SID{link.sid}, nil, "")
	return true
}
