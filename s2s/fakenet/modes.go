package fakenet

import (
	"strconv"
	"strings"

	"robustirc/s2s"
)

// changeModes tells a change that an operator of a channel makes. Users are called by UID, by UnrealIRCd by nick.
func (n *Network) changeModes(by *user, c *channel, modes string, params ...string) {
	body := s2s.ChannelModes{Channel: c.name, TS: c.ts, HasTS: n.cfg.Protocol != Unreal, Modes: modes, Params: params}
	if n.cfg.Protocol == Unreal {
		body.TS = 0
	}
	n.say(by, body, n.audience(c), "")
}

func (n *Network) memberName(u *user) string {
	if n.cfg.Protocol == Unreal {
		return u.nick
	}
	return string(u.uid)
}

// ruled is a popular channel and one who may change it.
func (n *Network) ruled() (*channel, *member) {
	c := n.popularChannel()
	if c == nil {
		return nil, nil
	}
	return c, n.operator(c)
}

// actStatus gives or takes the status of up to three members.
func (n *Network) actStatus() bool {
	c, by := n.ruled()
	if by == nil {
		return false
	}
	letters := n.traits.statuses[strings.IndexByte(n.traits.statuses, 'o'):]
	modes, params, sign := "", []string(nil), byte(0)
	for range 1 + n.chance.below(3) {
		m, letter := pick(&n.chance, c.members), letters[n.chance.below(len(letters))]
		if m.user.service || n.rank(m) > n.rank(by) {
			continue
		}
		add := strings.IndexByte(m.status, letter) < 0
		m.status = n.withStatus(m.status, letter, add)
		if s := signOf(add); s != sign {
			sign, modes = s, modes+string(s)
		}
		modes, params = modes+string(letter), append(params, n.memberName(m.user))
	}
	if modes == "" {
		return false
	}
	n.changeModes(by.user, c, modes, params...)
	return true
}

func signOf(add bool) byte {
	if add {
		return '+'
	}
	return '-'
}

const maxEntries = 100

// actList adds or removes an entry of a list.
func (n *Network) actList() bool {
	c, by := n.ruled()
	if by == nil {
		return false
	}
	if len(c.lists) > 0 && (n.chance.oneIn(2) || len(c.lists) >= maxEntries) {
		i := n.chance.below(len(c.lists))
		e := c.lists[i]
		c.lists = append(c.lists[:i:i], c.lists[i+1:]...)
		n.changeModes(by.user, c, "-"+e.Letter, e.Mask)
		return true
	}
	e := n.freshEntry(n.unix())
	e.SetBy = by.user.mask()
	if n.addEntry(c, e) {
		n.changeModes(by.user, c, "+"+e.Letter, e.Mask)
	}
	return true
}

func (n *Network) actFlag() bool {
	c, by := n.ruled()
	if by == nil {
		return false
	}
	flag := n.traits.flags[n.chance.below(len(n.traits.flags))]
	on := !c.has(flag)
	if on && (flag == 's' && c.has('p') || flag == 'p' && c.has('s')) || n.cfg.Protocol == Unreal && strings.IndexByte("MRTV", flag) >= 0 {
		return false
	}
	c.set(flag, on)
	n.changeModes(by.user, c, string(signOf(on))+string(flag))
	return true
}

func (n *Network) actKeyOrLimit() bool {
	c, by := n.ruled()
	switch {
	case by == nil:
		return false
	case n.chance.oneIn(2) && c.key == "":
		c.key = "key" + strconv.Itoa(n.chance.below(1000))
		n.changeModes(by.user, c, "+k", c.key)
	case c.key != "":
		key := c.key
		if n.cfg.Protocol != Unreal {
			key = "*" // m_mode.c:chm_key hides it
		}
		c.key = ""
		n.changeModes(by.user, c, "-k", key)
	case c.limit == 0:
		c.limit = len(c.members) + 5
		n.changeModes(by.user, c, "+l", strconv.Itoa(c.limit))
	default:
		c.limit = 0
		n.changeModes(by.user, c, "-l")
	}
	return true
}

func (n *Network) actTopic() bool {
	c, by := n.ruled()
	if by == nil {
		return false
	}
	c.topic, c.topicAt, c.topicBy = n.freshTopic(c)+" "+pick(&n.chance, words), n.unix(), by.user.mask()
	if n.chance.oneIn(20) {
		c.topic = ""
	}
	body := s2s.Topic{Channel: c.name, Text: c.topic, Rule: s2s.TopicAlways}
	if n.cfg.Protocol == Unreal {
		body.Setter, body.SetAt = c.topicBy, c.topicAt
	}
	n.say(by.user, body, n.audience(c), "")
	return true
}

// actKick removes a member, sometimes with a ban first.
func (n *Network) actKick() bool {
	c, by := n.ruled()
	if by == nil || len(c.members) < 2 {
		return false
	}
	m := pick(&n.chance, c.members)
	if m == by || m.user.service || m.user.server.link != nil || n.rank(m) > n.rank(by) {
		return false
	}
	if n.chance.oneIn(4) && n.addEntry(c, s2s.ListEntry{Letter: "b", Mask: hostMask(m.user), SetBy: by.user.mask(), SetAt: n.unix()}) {
		n.changeModes(by.user, c, "+b", hostMask(m.user))
	}
	n.kick(by.user, m)
	return true
}

func (n *Network) kick(by *user, m *member) {
	n.say(by, s2s.Kick{Channel: m.channel.name, User: s2s.Ref(m.user.uid), Reason: pick(&n.chance, kickReasons)}, n.audience(m.channel), "")
	n.leave(m)
}

// actInvite invites somebody, who joins. Who is not on the server of the guest hears of it as solanum's
// invite_notify tells it, or as hybrid and UnrealIRCd do, of which only hybrid tells everybody.
func (n *Network) actInvite() bool {
	c, by := n.ruled()
	u := n.person()
	if by == nil || u.seat(c) != nil || c.bans(u) {
		return false
	}
	body := s2s.Invite{User: s2s.Ref(u.uid), Channel: c.name, TS: c.ts}
	switch n.cfg.Protocol {
	case TS6:
		n.tell(by.user, "", s2s.Invite{User: s2s.Ref(u.uid), Channel: c.name, Inviter: s2s.Ref(by.user.uid), Notice: true}, n.linked, n.one(u), "")
	case Hybrid:
		n.say(by.user, body, n.one(u), "")
	case Unreal:
		body.TS = 0
		n.tell(by.user, s2s.Ref(by.user.uid), body, nil, n.one(u), "")
	}
	n.joinTold(u, c)
	return true
}
