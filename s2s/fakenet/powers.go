package fakenet

import (
	"fmt"
	"slices"
	"strings"

	"robustirc/s2s"
)

// actOper makes an operator of somebody, or no longer.
func (n *Network) actOper() bool {
	u := n.person()
	if u == nil {
		return false
	}
	letters := n.traits.operModes
	if u.oper {
		u.oper = false
		n.opers = slices.DeleteFunc(n.opers, func(x *user) bool { return x == u })
		n.operLine(u, s2s.SWhois{Remove: true, Tag: "oper", Text: "*"})
		lost := ""
		u.modes = strings.Map(func(r rune) rune {
			if strings.ContainsRune("aosS", r) {
				lost += string(r)
				return -1
			}
			return r
		}, u.modes)
		n.userModes(u, "-"+lost) // all that goes with it is said (T 03: "-aosz")
		return true
	}
	if n.cfg.Protocol == TS6 {
		n.say(u, s2s.Oper{Operator: "god", Privileges: "admin"}, nil, "")
	}
	n.operLine(u, operWhois)
	n.makeOper(u)
	n.userModes(u, "+"+letters)
	return true
}

// operWhois is the line that WHOIS has of UnrealIRCd's operators.
var operWhois = s2s.SWhois{Tag: "oper", Priority: -100, Text: "is a Network Administrator"}

// operLine tells the line, or its end, before the mode (T s08).
func (n *Network) operLine(u *user, line s2s.SWhois) {
	if n.cfg.Protocol == Unreal {
		line.User = s2s.Ref(u.uid)
		n.tell(u, s2s.Ref(u.server.sid), line, n.linked, nil, "")
	}
}

func (n *Network) userModes(u *user, modes string) {
	source := n.userSource(u)
	n.tell(u, source, s2s.UserModes{User: source, Modes: modes}, n.linked, n.one(u), "")
}

// operator of the network, or nil.
func (n *Network) networkOper() *user {
	if len(n.opers) == 0 {
		return nil
	}
	return pick(&n.chance, n.opers)
}

func (n *Network) actKill() bool {
	by, u := n.networkOper(), n.person()
	if by == nil || u == nil || u == by || u.oper {
		return false
	}
	n.kill(by, u, "spamming: again")
	return true
}

// kill removes a user. Where the killer's own server is the victim's, others see a plain QUIT (m_kill.c; T 03).
func (n *Network) kill(by, u *user, reason string) {
	audience := append(n.neighbours(u), n.one(u)...)
	if by.server == u.server {
		n.say(u, s2s.UserQuit{Reason: "Killed (" + by.nick + " (" + reason + "))"}, audience, "")
	} else {
		path := by.server.name + "!" + by.host + "!" + by.ident + "!" + by.nick
		if n.cfg.Protocol == Unreal {
			path = ""
		}
		n.say(by, s2s.UserKilled{User: s2s.Ref(u.uid), Path: path, Reason: reason}, audience, "")
	}
	n.removeKilled(u)
}

// maxKilled bounds Network.killed; what is forgotten is old.
const maxKilled = 10_000

// removeKilled removes a user of whom its own server does not know yet that it is gone.
func (n *Network) removeKilled(u *user) {
	if u.server.link != nil {
		n.remember(u.uid)
	}
	n.removeUser(u)
}

// remember notes a killed user of a leaf.
func (n *Network) remember(uid s2s.UID) {
	if len(n.killed) >= maxKilled {
		clear(n.killed)
	}
	n.killed[uid] = true
}

func (n *Network) actWallops() bool {
	by := n.networkOper()
	if by == nil {
		return false
	}
	n.tell(by, n.userSource(by), s2s.OperMessage{Kind: "WALLOPS", Text: n.sentence("")}, n.linked, nil, "")
	return true
}

// actBan adds a ban of the network, or removes the oldest.
func (n *Network) actBan() bool {
	const most = 50
	if len(n.bans) > 0 && (len(n.bans) >= most || n.chance.oneIn(3)) {
		b := n.bans[0]
		n.bans = n.bans[1:]
		b.Remove = true
		n.tellBan(b)
		return true
	}
	b := n.newBan(fmt.Sprintf("*.bad%d.example", n.chance.below(1_000_000)), n.unix())
	n.bans = append(n.bans, b)
	n.tellBan(b)
	return true
}

// tellBan tells a ban the way the protocol does: hybrid's of an operator, others of the server.
func (n *Network) tellBan(b s2s.NetworkBan) {
	if n.cfg.Protocol != Hybrid {
		n.serve(n.hub, b, nil)
		return
	}
	by := n.networkOper()
	if by == nil {
		return
	}
	b.SetBy, b.SetAt, b.Lifetime = "", 0, 0
	n.tell(by, s2s.Ref(by.uid), b, n.linked, nil, "")
}

// ---- services

// serviceBot finds a bot of the services, or nil.
func (n *Network) serviceBot(nick string) *user {
	u := n.nick(nick)
	if u == nil || !u.service {
		return nil
	}
	return u
}

// actLogin logs somebody in or out: the user tells NickServ, which answers, and services tell the network. The password
// is no part of it.
func (n *Network) actLogin() bool {
	u, bot := n.person(), n.serviceBot("NickServ")
	if u == nil || bot == nil {
		return false
	}
	if u.account == "" {
		u.account = pick(&n.chance, syllables) + fmt.Sprint(n.chance.below(1000))
		n.private(u, bot, s2s.Privmsg, "IDENTIFY "+u.account+" *")
		n.private(bot, u, s2s.Notice, "You are now identified for "+u.account)
	} else {
		u.account = ""
		n.private(u, bot, s2s.Privmsg, "LOGOUT")
	}
	account := u.account
	body := s2s.UserChanged{User: s2s.Ref(u.uid), Account: &account}
	if n.cfg.Protocol == Hybrid {
		body.IfTS = u.ts
	}
	n.serve(n.services, body, n.neighbours(u))
	return true
}

// actHost gives a user a virtual host.
func (n *Network) actHost() bool {
	u := n.person()
	if u == nil || n.services == nil {
		return false
	}
	host := fmt.Sprintf("vhost%d.example", n.chance.below(10_000))
	u.host = host
	body := s2s.UserChanged{User: s2s.Ref(u.uid), Host: &host}
	if n.cfg.Protocol == Hybrid {
		body.IfTS = u.ts
	}
	if n.cfg.Protocol == Unreal {
		u.vhost = host
		for _, letter := range "xt" {
			if !strings.ContainsRune(u.modes, letter) {
				u.modes += string(letter)
			}
		}
	}
	n.serve(n.services, body, n.neighbours(u))
	if n.cfg.Protocol == Unreal {
		n.tell(nil, s2s.Ref(n.services.name), s2s.UserModes{User: s2s.Ref(u.uid), Modes: "+xt", Shown: true}, n.linked, nil, "")
	}
	return true
}

// actServices has ChanServ give the first member of a channel without operators its status back, or change a topic.
func (n *Network) actServices() bool {
	c, bot := n.popularChannel(), n.serviceBot("ChanServ")
	if c == nil || bot == nil {
		return false
	}
	if n.operator(c) == nil {
		m := pick(&n.chance, c.members)
		if m.user.inPeople < 0 {
			return false
		}
		m.status = n.withStatus(m.status, 'o', true)
		n.changeModes(bot, c, "+o", n.memberName(m.user))
		return true
	}
	n.serviceTopic(c, bot)
	return true
}

// serviceTopic sets a topic as services do: in TS6 by force, with ETB and a channel timestamp of 0.
func (n *Network) serviceTopic(c *channel, bot *user) {
	c.topic, c.topicAt, c.topicBy = n.freshTopic(c)+" (services)", n.unix(), bot.nick
	body := s2s.Topic{Channel: c.name, Text: c.topic, Setter: c.topicBy, SetAt: c.topicAt, Rule: s2s.TopicETB}
	if n.cfg.Protocol == Unreal {
		body.Rule = s2s.TopicAlways
	}
	if n.cfg.Protocol == Hybrid {
		body.TS = c.ts
	}
	n.say(bot, body, n.audience(c), "")
}

// ---- collisions

// actCollision introduces a user whose nick is taken, by whichever of the two is older.
func (n *Network) actCollision() bool {
	u := n.person()
	if u == nil || u.oper || u.saved() {
		return false
	}
	other := n.newUser(n.place(), u.ts-10)
	other.nick = u.nick
	n.lose(u)
	n.introduce(other)
	return true
}

// lose has a user lose a nick collision: it keeps its connection under its UID with timestamp 100 (m_nick.c:save_user),
// or is killed.
func (n *Network) lose(u *user) {
	audience := append(n.neighbours(u), n.one(u)...)
	if !n.traits.save {
		n.serve(n.hub, s2s.UserKilled{User: s2s.Ref(u.uid), Path: n.killPath(), Reason: "Nick collision"}, audience)
		n.removeKilled(u)
		return
	}
	n.serve(n.hub, s2s.UserSaved{User: u.uid, TS: u.ts}, audience)
	n.rename(u, string(u.uid), savedTS)
}

// savedTS is the nick timestamp of who was saved.
const savedTS = 100

// saved reports whether the user has its UID for a nick, which nobody else may want.
func (u *user) saved() bool { return u.nick == string(u.uid) }

func (n *Network) killPath() string {
	if n.cfg.Protocol == Unreal {
		return ""
	}
	return n.hub.name
}

// ---- what is done to the leaf's users

// actOnLeaf has operators and services act on a user of a leaf: a kick, a kill, a new nick, a forced join or part, a
// status.
func (n *Network) actOnLeaf() bool {
	if len(n.links) == 0 {
		return false
	}
	link := pick(&n.chance, n.links)
	if len(link.users) == 0 {
		return false
	}
	u := pick(&n.chance, link.users)
	switch n.chance.below(8) {
	case 0:
		return n.killOnLeaf(u)
	case 1, 2, 3:
		return n.kickOnLeaf(u)
	case 4:
		return n.forceNick(u)
	case 5:
		return n.forceJoin(u)
	}
	return n.opOnLeaf(u)
}

func (n *Network) killOnLeaf(u *user) bool {
	by := n.networkOper()
	if by == nil {
		return false
	}
	n.kill(by, u, "no observers: please")
	return true
}

func (n *Network) kickOnLeaf(u *user) bool {
	if len(u.seats) == 0 {
		return false
	}
	m := pick(&n.chance, u.seats)
	by := n.operator(m.channel)
	if by == nil {
		return false
	}
	n.kick(by.user, m)
	return true
}

func (n *Network) opOnLeaf(u *user) bool {
	if len(u.seats) == 0 {
		return false
	}
	m := pick(&n.chance, u.seats)
	by := n.operator(m.channel)
	if by == nil {
		return false
	}
	add := strings.IndexByte(m.status, 'o') < 0
	m.status = n.withStatus(m.status, 'o', add)
	n.changeModes(by.user, m.channel, string(signOf(add))+"o", n.memberName(u))
	return true
}

// forceNick asks the leaf to rename its user, which it tells us with NICK.
func (n *Network) forceNick(u *user) bool {
	if n.services == nil {
		return false
	}
	body := s2s.Force{Action: "nick", User: s2s.Ref(u.uid), Params: []string{n.freshNick()}, TS: n.unix()}
	if n.cfg.Protocol != Unreal {
		body.IfTS = u.ts
	}
	h := n.tell(nil, s2s.Ref(n.services.sid), body, []s2s.SID{u.server.link.sid}, nil, "")
	if n.cfg.Protocol == TS6 {
		h.Event.ServerMask = u.server.name
	}
	return true
}

// forceJoin asks the leaf to have its user join; TS6 services have no such command but hybrid's.
func (n *Network) forceJoin(u *user) bool {
	c := n.popularChannel()
	if n.cfg.Protocol == TS6 || c == nil || u.seat(c) != nil || n.services == nil {
		return false
	}
	source := s2s.Ref(n.services.sid)
	n.tell(nil, source, s2s.Force{Action: "join", User: s2s.Ref(u.uid), Params: []string{c.name}}, []s2s.SID{u.server.link.sid}, nil, "")
	return true
}
