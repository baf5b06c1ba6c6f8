package ircserver

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// Restore makes a machine from what AppendSnapshot wrote. It keeps none of b's memory, and no more than b justifies.
// The error is ErrCorrupt, naming the section, or ErrVersion.
func Restore(b []byte) (*Server, error) {
	rest, ok := strings.CutPrefix(string(b), snapshotMagic)
	if !ok {
		return nil, corrupt("not a snapshot")
	}
	d := decoder{s: rest}
	version := d.byte()
	if version != snapshotVersion1 && version != snapshotVersion2 {
		return nil, ErrVersion
	}
	s := New(Config{})
	for section := byte(sectionServer); section <= lastSection(version); section++ {
		body, ok := readSection(&d, section)
		if !ok {
			return nil, corrupt("snapshot section " + sectionNames[section] + ": length or checksum")
		}
		if !s.readBody(section, &body) || !body.done() || section == sectionConfig && s.snapshotVersion() != version {
			return nil, corrupt("snapshot section " + sectionNames[section] + ": contents")
		}
	}
	if !d.done() {
		return nil, corrupt("something follows the snapshot")
	}
	return s, nil
}

var sectionNames = [...]string{
	sectionServer: "server", sectionConfig: "configuration", sectionSessions: "sessions", sectionChannels: "channels",
	sectionBans: "bans", sectionHolds: "holds", sectionWhowas: "whowas", sectionGateways: "gateways",
}

// readSection reads the frame of one section and checks it.
func readSection(d *decoder, want byte) (body decoder, ok bool) {
	whole := d.s
	section := d.byte()
	var b [4]byte
	copy(b[:], d.fixed(4))
	n := int(binary.LittleEndian.Uint32(b[:]))
	body.s = d.fixed(min(n, len(d.s)))
	if len(body.s) != n {
		return body, false
	}
	d.fixed(4)
	if d.bad || section != want {
		return body, false
	}
	_, ok = unseal([]byte(whole[:5+n+4]))
	return body, ok
}

// readBody reads one section into s, and reports whether what it says can be.
func (s *Server) readBody(section byte, d *decoder) bool {
	switch section {
	case sectionServer:
		s.readServer(d)
	case sectionConfig:
		s.cfg = readConfig(d)
	case sectionSessions:
		return s.readSessions(d)
	case sectionChannels:
		return s.readChannels(d)
	case sectionBans:
		s.bans = getList(d, 5, getBan(s.snapshotVersion()))
	case sectionHolds:
		s.holds = getList(d, 3, getHold)
	case sectionWhowas:
		s.whowas = getList(d, 7, getWhowas)
	case sectionGateways:
		return s.readGateways(d)
	}
	return true
}

// readGateways reads the gateways that sessions have named as theirs: these, and no others.
func (s *Server) readGateways(d *decoder) bool {
	var last SessionID
	n := d.count(5)
	for range n {
		link := SessionID(d.uint())
		g := s.gateways[link]
		if u := s.sessions[link]; g == nil || link <= last || u == nil || !u.isGateway() {
			return false
		}
		last = link
		g.name = getString(d)
		g.inLink = d.bool()
		g.last = bits.RotateLeft64(d.uint(), -1)
		g.refused = getList(d, 1, getString)
	}
	return !d.bad && n == len(s.gateways) && s.gatewayNames() == n
}

// gatewayNames is how many different names the gateways have.
func (s *Server) gatewayNames() int {
	names := map[string]bool{}
	for _, g := range s.gateways { // order does not matter: a count
		names[g.name] = true
	}
	return len(names)
}

// readOwner reads whose link or user u is. The gateway itself is read later: its link may have come after its users.
func (s *Server) readOwner(d *decoder, u *session) {
	owner := SessionID(d.uint())
	if owner == 0 {
		return
	}
	g := s.gateways[owner]
	if g == nil {
		g = &gateway{link: owner, users: map[string]*session{}}
		s.gateways[owner] = g
	}
	u.gateway = g
	if u.services || u.registered == (owner == u.id) {
		d.fail() // users are registered, links are not
	}
	if owner == u.id {
		return
	}
	u.uid = getString(d)
	if g.users[u.uid] != nil || !validUID(u.uid) {
		d.fail()
	}
	g.users[u.uid] = u
}

func (s *Server) readServer(d *decoder) {
	s.now = d.int()
	s.inputs = InputID(d.uint())
	s.start = d.int()
	s.chain = uint32(d.num(1<<32 - 1))
	s.maxUsers = d.num(maxCount)
	s.deaths = d.uint()
	s.nodes = getList(d, 2, func(d *decoder) Node { return Node{ID: getString(d), Address: getString(d)} })
	s.readUses(d)
}

// readUses reads how often commands were used; those of commands that are no more are forgotten.
func (s *Server) readUses(d *decoder) {
	last := ""
	for range d.count(2) {
		name, n := d.string(), d.uint()
		if name <= last || n == 0 {
			d.fail()
			return
		}
		if c := commands[name]; c != nil {
			s.uses[c.place] = n
		}
		last = name
	}
}

// maxCount is the highest of numbers that count things.
const maxCount = 1<<31 - 1

func (s *Server) readSessions(d *decoder) bool {
	const least = 32 + 20 // the hash and a byte for most of the rest
	var last SessionID
	for range d.count(least) {
		u := s.readSession(d)
		if s.snapshotVersion() >= snapshotVersion2 {
			s.readOwner(d, u)
		}
		if d.bad || u.id <= last || uint64(u.id) > uint64(s.inputs) || !s.adopt(u) {
			return false
		}
		last = u.id
	}
	s.findLinks()
	return !d.bad
}

// adopt files a session that was read, and reports whether it goes with those before it.
func (s *Server) adopt(u *session) bool {
	s.sessions[u.id] = u
	if u.nick != "" && !u.isLink() {
		if s.nicks[foldNick(u.nick)] != nil {
			return false
		}
		s.nicks[foldNick(u.nick)] = u
	}
	s.tally(u, +1)
	if link := s.sessions[u.link]; u.link != 0 && (!u.services || link == nil || !link.isLink()) {
		return false
	}
	return !u.registered || u.nick != ""
}

func (s *Server) readSession(d *decoder) *session {
	u := &session{id: SessionID(d.uint())}
	copy(u.authHash[:], d.fixed(32))
	for _, v := range u.times() {
		*v = d.int()
	}
	for _, v := range u.strings() {
		*v = getString(d)
	}
	for _, v := range u.switches() {
		*v = d.bool()
	}
	u.caps = Caps(d.num(1<<32 - 1))
	u.modes = modeSet(d.uint())
	u.link = SessionID(d.uint())
	u.channels = s.readChannelNames(d)
	u.invites = getList(d, 2, getInvitation)
	u.silence = getList(d, 4, getEntry)
	u.accept = getList(d, 1, func(d *decoder) SessionID { return SessionID(d.uint()) })
	readRecent(d, u)
	u.setIdentity(u.nick, u.user, u.host)
	if u.isLink() {
		u.prefix = u.nick
	}
	return u
}

func getInvitation(d *decoder) invitation {
	return invitation{channel: getFolded[chanKey](d), created: d.int()}
}

func getFolded[K ~string](d *decoder) K { return K(getString(d)) }

// readChannelNames makes the channels that a session says it is in; readChannels fills them.
func (s *Server) readChannelNames(d *decoder) []*channel {
	return getList(d, 1, func(d *decoder) *channel {
		key := chanKey(d.string())
		ch := s.channels[key]
		if ch == nil {
			ch = &channel{}
			s.channels[chanKey(strings.Clone(string(key)))] = ch
		}
		return ch
	})
}

func readRecent(d *decoder, u *session) {
	u.recentN = uint32(d.num(1<<32 - 1))
	n := recentLen(u.recentN)
	for i := range n {
		u.recent[(u.recentN-n+i)%dedupWindow] = d.fixed64()
	}
}

func (s *Server) readChannels(d *decoder) bool {
	const least = 15
	var last chanKey
	named := len(s.channels)
	for range d.count(least) {
		name := getString(d)
		key := foldChan(name)
		if d.bad || key <= last {
			return false
		}
		ch := s.channels[key]
		if ch == nil {
			ch = &channel{}
			s.channels[key] = ch
		} else {
			named--
		}
		ch.name = name
		if !s.readChannel(d, ch) {
			return false
		}
		last = key
	}
	return named == 0 && s.sessionsAgree()
}

// sessionsAgree reports whether sessions are in no channel but those whose members they are, and in none twice. Every
// member was found among its session's channels already, so that it is enough to count.
func (s *Server) sessionsAgree() bool {
	balance := 0
	for _, u := range s.sessions { // order does not matter: a sum
		balance += len(u.channels)
	}
	for _, ch := range s.channels { // order does not matter: a sum
		balance -= len(ch.members)
	}
	return balance == 0
}

func (s *Server) readChannel(d *decoder, ch *channel) bool {
	ch.created = d.int()
	ch.byID = map[SessionID]*member{}
	ch.members = getList(d, 3, func(d *decoder) *member { return s.readMember(d, ch) })
	ch.topic = getString(d)
	ch.topicSetter = getString(d)
	ch.topicTime = d.int()
	ch.modes = modeSet(d.uint())
	ch.key = getString(d)
	ch.limit = d.num(maxCount)
	ch.forward = getString(d)
	for _, n := range ch.throttle.numbers() {
		*n = d.num(maxCount)
	}
	ch.throttle.since = d.int()
	ch.lists = readLists(d)
	return !d.bad && (len(ch.members) > 0 || ch.modes.has('P'))
}

// readMember reads one member, which must be a session that is in ch, once.
func (s *Server) readMember(d *decoder, ch *channel) *member {
	u := s.sessions[SessionID(d.uint())]
	m := &member{session: u, status: status(d.byte()), joined: d.int()}
	if u == nil || ch.byID[u.id] != nil || !u.registered || !u.in(ch) {
		d.fail()
		return nil
	}
	ch.byID[u.id] = m
	return m
}

// in reports whether u says that it is in ch.
func (u *session) in(ch *channel) bool {
	for _, c := range u.channels {
		if c == ch {
			return true
		}
	}
	return false
}

func readLists(d *decoder) map[byte][]listEntry {
	lists := map[byte][]listEntry{}
	var last byte
	for range d.count(2) {
		letter := d.byte()
		list := getList(d, 4, getEntry)
		if letter <= last || list == nil {
			d.fail()
			return nil
		}
		lists[letter] = list
		last = letter
	}
	return lists
}

func getEntry(d *decoder) listEntry {
	return listEntry{mask: getString(d), setter: getString(d), time: d.int(), remote: getString(d)}
}

func getBan(version byte) func(d *decoder) networkBan {
	return func(d *decoder) networkBan {
		b := networkBan{mask: getString(d), reason: getString(d), setter: getString(d), time: d.int(), expiry: d.int()}
		if version >= snapshotVersion2 {
			b.gateway, b.kind = getString(d), getString(d)
		}
		return b
	}
}

func getHold(d *decoder) nickHold {
	return nickHold{nick: getFolded[nickKey](d), reason: getString(d), expiry: d.int()}
}

func getWhowas(d *decoder) whowasEntry {
	var e whowasEntry
	for _, v := range e.strings() {
		*v = getString(d)
	}
	e.time = d.int()
	return e
}
