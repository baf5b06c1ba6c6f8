package fakenet

import (
	"fmt"
	"strings"

	"robustirc/s2s"
)

// flatness makes the head of the channels' sizes less steep than Zipf's.
const flatness = 8

// seatsEach is how many channels a user is in, on average.
const seatsEach = 4

// largest is the most members a channel has to begin with.
const largest = 4000

// populate makes the network as it stands at the start.
func (n *Network) populate() {
	n.addServers()
	for range n.cfg.Users {
		n.addUser(n.newUser(n.place(), n.unix()-int64(60+n.chance.below(30*86400))))
	}
	if n.services != nil {
		n.addServices()
		n.promote(max(1, n.cfg.Users/500))
		n.addBans()
	}
	n.addChannels()
}

// addServers makes the tree: each new server stands behind one of those that are there, nearer ones first.
func (n *Network) addServers() {
	n.hub = &server{sid: n.cfg.SID, name: n.cfg.Server, descr: n.cfg.Description, hops: 1}
	n.servers = []*server{n.hub}
	for i := 1; i < n.cfg.Servers; i++ {
		up := n.servers[min(n.chance.below(len(n.servers)), n.chance.below(len(n.servers)))]
		n.addServer(up, fmt.Sprintf("leaf%d.example.net", i), fmt.Sprintf("Leaf %d: of %s", i, n.cfg.Network))
	}
	if !n.cfg.AsLeaf {
		n.services = n.addServer(n.hub, "services.example.net", "Services")
	}
}

func (n *Network) addServer(up *server, name, descr string) *server {
	s := &server{sid: n.freshSID(), name: name, descr: descr, uplink: up, hops: up.hops + 1}
	up.behind = append(up.behind, s)
	n.servers = append(n.servers, s)
	return s
}

// freshSID is the next that nobody has: 00B, 00C, and so on from the hub's.
func (n *Network) freshSID() s2s.SID {
	const first = 36 * 36 // 100, so that leaves with ids that begin with 0 find theirs free
	for i := first + len(n.servers); ; i++ {
		sid := s2s.SID([]byte{byte('0' + i/1296%10), sidDigit(i / 36 % 36), sidDigit(i % 36)})
		if n.server(string(sid)) == nil {
			return sid
		}
	}
}

func sidDigit(i int) byte { return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i] }

// place chooses a server for a new user.
func (n *Network) place() *server {
	for {
		if s := pick(&n.chance, n.servers); s != n.services && s.link == nil {
			return s
		}
	}
}

// newUser makes a user, who is not in the network yet.
func (n *Network) newUser(s *server, ts int64) *user {
	c := &n.chance
	u := &user{uid: s.newUID(), nick: n.freshNick(), ts: ts, server: s, modes: "+" + n.traits.userModes[:1], ip: c.address()}
	u.ident = pick(c, []string{"", "~"}) + pick(c, syllables) + pick(c, syllables)
	u.realHost = fmt.Sprintf("h%d-%d.isp%d.example", c.below(1000), c.below(1000), c.below(50))
	u.host = u.realHost
	u.realname = pick(c, []string{"", "Name: ", "a ", "ünï "}) + pick(c, syllables) + " " + pick(c, syllables)
	if c.oneIn(3) {
		u.modes = "+" + n.traits.userModes
	}
	if c.oneIn(2) && !n.cfg.AsLeaf {
		u.account = pick(c, syllables) + pick(c, syllables) + fmt.Sprint(c.below(1000))
	}
	if c.oneIn(8) {
		u.away = pick(c, awayTexts)
	}
	n.hide(u)
	return u
}

// hide gives some users another host to be seen with.
func (n *Network) hide(u *user) {
	if n.cfg.Protocol == Unreal {
		u.cloak = fmt.Sprintf("Clk-%08X.isp.example", n.chance.next()>>32)
		if n.cfg.AsLeaf && strings.IndexByte(u.modes, 'x') >= 0 { // a real hub makes its own cloaks (nick.c:cmd_uid)
			u.modes, u.vhost = u.modes+"t", u.cloak
		}
		u.modes += strings.Repeat("r", min(1, len(u.account)))
		n.show(u)
		return
	}
	if u.account != "" && n.chance.oneIn(4) {
		u.host = "user/" + u.account
	}
}

func (s *server) newUID() s2s.UID {
	s.nextUID++
	return s2s.UID(uidOf(string(s.sid), s.nextUID-1))
}

// addServices makes the bots of the services.
func (n *Network) addServices() {
	for _, nick := range []string{"NickServ", "ChanServ", "MemoServ", "OperServ", "Global", "SaslServ"} {
		n.addUser(&user{uid: n.services.newUID(), nick: nick, ts: n.unix() - 86400*30, ident: nick, host: n.services.name,
			realHost: n.services.name, modes: n.serviceModes(), realname: nick + " of the network", server: n.services, service: true})
	}
}

func (n *Network) serviceModes() string {
	switch n.cfg.Protocol {
	case Unreal:
		return "+ioqS"
	case Hybrid:
		return "+io"
	}
	return "+Sio"
}

// promote makes operators of some users.
func (n *Network) promote(count int) {
	for range min(count, len(n.people)) {
		if u := pick(&n.chance, n.people); !u.oper {
			n.makeOper(u)
		}
	}
}

func (n *Network) makeOper(u *user) {
	u.oper = true
	for _, letter := range n.traits.operModes {
		if !strings.ContainsRune(u.modes, letter) {
			u.modes += string(letter)
		}
	}
	n.show(u)
	n.opers = append(n.opers, u)
}

// show sets the host that others see by UnrealIRCd's modes: with +x the virtual host or else the cloak.
func (n *Network) show(u *user) {
	if n.cfg.Protocol != Unreal || u.service || strings.IndexByte(u.modes, 'x') < 0 {
		return
	}
	u.host = u.cloak
	if u.vhost != "" {
		u.host = u.vhost
	}
}

func (n *Network) addBans() {
	for i := range 20 {
		n.bans = append(n.bans, n.newBan(fmt.Sprintf("*.bad%d.example", i), n.unix()-86400))
	}
}

// newBan is a ban of a host that no user has.
func (n *Network) newBan(host string, at int64) s2s.NetworkBan {
	b := s2s.NetworkBan{Kind: "kline", User: "*", Host: host, SetBy: n.hub.name, SetAt: at, Duration: 86400 * 30, Lifetime: 86400 * 30, Reason: "No: open proxies"}
	if n.cfg.Protocol == Unreal {
		b.Kind, b.Expires, b.Duration, b.Lifetime = "gline", at+b.Duration, 0, 0
	}
	return b
}

// addChannels makes the channels, with sizes by popularity, and their modes, lists and topics.
func (n *Network) addChannels() {
	n.ranks, n.names = make([]*channel, n.cfg.Channels), make([]string, n.cfg.Channels)
	n.popular = newPopularity(n.cfg.Channels, flatness)
	total := n.cfg.Users * seatsEach
	for rank := range n.ranks {
		n.names[rank] = fmt.Sprintf("#%s%s%s-%d", n.cfg.ChannelPrefix, pick(&n.chance, syllables), pick(&n.chance, syllables), rank)
		n.addFullChannel(rank, min(max(1, n.popular.share(rank, total)), largest, n.cfg.Users))
	}
	n.seats = n.membership
}

func (n *Network) addFullChannel(rank, size int) {
	c := n.addChannel(n.names[rank], n.unix()-int64(3600+n.chance.below(86400*365)), rank)
	for range size {
		if u := pick(&n.chance, n.people); u.seat(c) == nil {
			n.join(u, c, n.firstStatus(len(c.members)))
		}
	}
	n.furnish(c)
}

// firstStatus is what a channel's i-th member has.
func (n *Network) firstStatus(i int) string {
	switch {
	case i == 0 && n.cfg.Protocol == Unreal:
		return "qo"
	case i == 0:
		return "o"
	case n.chance.oneIn(30):
		return "ov"
	case n.chance.oneIn(30):
		return "o"
	case n.chance.oneIn(15):
		return "v"
	case n.chance.oneIn(40):
		return n.traits.statuses[len(n.traits.statuses)-2 : len(n.traits.statuses)-1]
	}
	return ""
}

// furnish gives a channel modes, lists and a topic.
func (n *Network) furnish(c *channel) {
	r := &n.chance
	c.flags = "nt"
	for range r.below(3) {
		c.set(n.traits.flags[r.below(len(n.traits.flags))], true)
	}
	n.settle(c)
	if r.oneIn(20) {
		c.key = "key" + fmt.Sprint(r.below(1000))
	}
	if r.oneIn(10) {
		c.limit = len(c.members) + 5 + r.below(100)
	}
	if n.cfg.Protocol == Unreal && r.oneIn(10) {
		c.history = "50:1d"
	}
	for range r.below(2) * r.below(12) {
		n.addEntry(c, n.freshEntry(n.unix()-int64(r.below(3600))))
	}
	if !r.oneIn(3) {
		c.topic, c.topicAt, c.topicBy = n.freshTopic(c), n.unix()-int64(r.below(3600)), pick(r, c.members).user.mask()
	}
	if n.services != nil && r.oneIn(10) {
		c.lock = "nt"
	}
}

// settle keeps modes out of each other's way: secret and private exclude each other on real servers, and the modes that
// keep people quiet are left to those who set them later.
func (n *Network) settle(c *channel) {
	if c.has('s') {
		c.set('p', false)
	}
	if n.cfg.Protocol == Unreal { // +R and +M ask for accounts to join or speak, +S and +c change what is said
		for _, flag := range []byte("MRTV") {
			c.set(flag, false)
		}
	}
}

func (n *Network) freshTopic(c *channel) string {
	t := pick(&n.chance, topics)
	return strings.ReplaceAll(t, "%s", c.name)
}

// freshEntry is an entry of a list that matches no user.
func (n *Network) freshEntry(at int64) s2s.ListEntry {
	r := &n.chance
	letter := n.traits.lists[r.below(len(n.traits.lists))]
	mask := fmt.Sprintf("*!*@host%d.bad.example", r.below(1_000_000))
	switch {
	case n.cfg.Protocol == Unreal && r.oneIn(4):
		mask = fmt.Sprintf("~account:troll%d", r.below(1000))
	case n.cfg.Protocol == TS6 && r.oneIn(6):
		mask = fmt.Sprintf("$a:troll%d", r.below(1000))
	case r.oneIn(3):
		mask = fmt.Sprintf("bad%d!*@*", r.below(1_000_000))
	}
	return s2s.ListEntry{Letter: string(letter), Mask: mask, SetBy: pick(r, n.people).mask(), SetAt: at}
}

// addEntry adds an entry unless it is there.
func (n *Network) addEntry(c *channel, e s2s.ListEntry) bool {
	for _, old := range c.lists {
		if old.Letter == e.Letter && old.Mask == e.Mask {
			return false
		}
	}
	c.lists = append(c.lists, e)
	return true
}
