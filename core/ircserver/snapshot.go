package ircserver

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
)

// A snapshot is the magic word, a version byte, and the sections in the order of their numbers; each section is its
// number (1 byte), the length of its body (4 bytes), the body, and a CRC32C of all three.
//
// Version 2 adds gateways: their section, whose users sessions are, and the origin of bans. It follows from the network's
// MachineVersion, so that all nodes have the same digest of a state whatever binary they run.
const (
	snapshotMagic    = "robustirc state\n"
	snapshotVersion1 = 1
	snapshotVersion2 = 2 // since MachineVersion 2
)

// snapshotVersion is the version of the encoding.
func (s *Server) snapshotVersion() byte {
	if s.cfg.MachineVersion >= 2 {
		return snapshotVersion2
	}
	return snapshotVersion1
}

// The sections.
const (
	sectionServer = iota + 1
	sectionConfig
	sectionSessions
	sectionChannels
	sectionBans
	sectionHolds
	sectionWhowas
	sectionGateways // since version 2
	sectionEnd
)

// lastSection is the last section of a version.
func lastSection(version byte) byte {
	if version >= snapshotVersion2 {
		return sectionGateways
	}
	return sectionWhowas
}

// AppendSnapshot appends the canonical encoding of the state to dst: equal states give equal bytes, whatever way they
// came about. Outputs are not part of it; core/outputstream keeps the tail.
func (s *Server) AppendSnapshot(dst []byte) []byte {
	dst = append(dst, snapshotMagic...)
	version := s.snapshotVersion()
	dst = append(dst, version)
	dst = appendSection(dst, sectionServer, s.appendServer)
	dst = appendSection(dst, sectionConfig, func(dst []byte) []byte { return appendConfig(dst, &s.cfg) })
	dst = appendSection(dst, sectionSessions, s.appendSessions)
	dst = appendSection(dst, sectionChannels, s.appendChannels)
	dst = appendSection(dst, sectionBans, func(dst []byte) []byte { return putList(dst, s.bans, putBan(version)) })
	dst = appendSection(dst, sectionHolds, func(dst []byte) []byte { return putList(dst, s.holds, putHold) })
	dst = appendSection(dst, sectionWhowas, func(dst []byte) []byte { return putList(dst, s.whowas, putWhowas) })
	if version >= snapshotVersion2 {
		dst = appendSection(dst, sectionGateways, s.appendGateways)
	}
	return dst
}

// Digest returns the SHA-256 of the snapshot: equal on nodes with equal states.
func (s *Server) Digest() [32]byte { return sha256.Sum256(s.AppendSnapshot(nil)) }

func appendSection(dst []byte, section byte, body func([]byte) []byte) []byte {
	start := len(dst)
	dst = append(dst, section, 0, 0, 0, 0)
	dst = body(dst)
	binary.LittleEndian.PutUint32(dst[start+1:], uint32(len(dst)-start-5))
	return seal(dst, start)
}

func (s *Server) appendServer(dst []byte) []byte {
	dst = putInt(dst, s.now)
	dst = putUint(dst, s.inputs)
	dst = putInt(dst, s.start)
	dst = putUint(dst, s.chain)
	dst = putUint(dst, s.maxUsers)
	dst = putUint(dst, s.deaths)
	dst = putList(dst, s.nodes, func(dst []byte, n Node) []byte { return putString(putString(dst, n.ID), n.Address) })
	return putList(dst, s.commandUses(), func(dst []byte, c commandUse) []byte { return putUint(putString(dst, c.name), c.uses) })
}

// commandUse is how often a command was used. It is encoded under its name, so that the table may change.
type commandUse struct {
	name string
	uses uint64
}

// commandUses lists the commands that were used, by name.
func (s *Server) commandUses() []commandUse {
	var list []commandUse
	for i, n := range s.uses {
		if n > 0 {
			list = append(list, commandUse{commandRows[i].name, n})
		}
	}
	slices.SortFunc(list, func(a, b commandUse) int { return cmp.Compare(a.name, b.name) })
	return list
}

func (s *Server) appendSessions(dst []byte) []byte {
	ids := slices.Sorted(maps.Keys(s.sessions))
	dst = putUint(dst, len(ids))
	for _, id := range ids {
		u := s.sessions[id]
		dst = putSession(dst, u)
		if s.snapshotVersion() >= snapshotVersion2 {
			dst = putOwner(dst, u)
		}
	}
	return dst
}

// putOwner writes the link of the gateway whose link or user u is, and for users the uid.
func putOwner(dst []byte, u *session) []byte {
	if u.gateway == nil {
		return putUint(dst, SessionID(0))
	}
	dst = putUint(dst, u.gateway.link)
	if u.isGuest() {
		dst = putString(dst, u.uid)
	}
	return dst
}

// appendGateways writes the gateways in the order of their links; their users say themselves whose they are.
func (s *Server) appendGateways(dst []byte) []byte {
	links := slices.Sorted(maps.Keys(s.gateways))
	dst = putUint(dst, len(links))
	for _, link := range links {
		g := s.gateways[link]
		dst = putUint(dst, link)
		dst = putString(dst, g.name)
		dst = putBool(dst, g.inLink)
		dst = putUint(dst, bits.RotateLeft64(g.last, 1)) // the ids have the top bit and are small otherwise
		dst = putList(dst, g.refused, putString)
	}
	return dst
}

func putSession(dst []byte, u *session) []byte {
	dst = putUint(dst, u.id)
	dst = append(dst, u.authHash[:]...)
	for _, v := range u.times() {
		dst = putInt(dst, *v)
	}
	for _, v := range u.strings() {
		dst = putString(dst, *v)
	}
	for _, v := range u.switches() {
		dst = putBool(dst, *v)
	}
	dst = putUint(dst, uint32(u.caps))
	dst = putUint(dst, uint64(u.modes))
	dst = putUint(dst, u.link)
	dst = putList(dst, u.channels, func(dst []byte, ch *channel) []byte { return putString(dst, foldChan(ch.name)) })
	dst = putList(dst, u.invites, putInvitation)
	dst = putList(dst, u.silence, putEntry)
	dst = putList(dst, u.accept, func(dst []byte, id SessionID) []byte { return putUint(dst, id) })
	return putRecent(dst, u)
}

func putInvitation(dst []byte, i invitation) []byte {
	return putInt(putString(dst, i.channel), i.created)
}

// times, strings and switches list the fields of one kind in the order of the encoding, for both directions.
func (u *session) times() []*int64 {
	return []*int64{&u.created, &u.lastActive, &u.lastSpoke, &u.signedOn, &u.lastKnock, &u.callerIDTold}
}

func (u *session) strings() []*string {
	return []*string{
		&u.remote, &u.cookie, &u.nick, &u.user, &u.realname, &u.host, &u.account, &u.away, &u.oper, &u.operClass,
		&u.pass, &u.granted, &u.svid,
	}
}

func (u *session) switches() []*bool {
	return []*bool{&u.tls, &u.registered, &u.capNegotiating, &u.services}
}

// putRecent writes the client message ids that are remembered, oldest first, behind how many there ever were.
func putRecent(dst []byte, u *session) []byte {
	dst = putUint(dst, u.recentN)
	for i := range recentLen(u.recentN) {
		at := (u.recentN - recentLen(u.recentN) + i) % dedupWindow
		dst = binary.LittleEndian.AppendUint64(dst, u.recent[at])
	}
	return dst
}

func recentLen(n uint32) uint32 { return min(n, dedupWindow) }

func (s *Server) appendChannels(dst []byte) []byte {
	keys := slices.Sorted(maps.Keys(s.channels))
	dst = putUint(dst, len(keys))
	for _, key := range keys {
		dst = putChannel(dst, s.channels[key])
	}
	return dst
}

func putChannel(dst []byte, ch *channel) []byte {
	dst = putString(dst, ch.name)
	dst = putInt(dst, ch.created)
	dst = putList(dst, ch.members, putMember)
	dst = putString(dst, ch.topic)
	dst = putString(dst, ch.topicSetter)
	dst = putInt(dst, ch.topicTime)
	dst = putUint(dst, uint64(ch.modes))
	dst = putString(dst, ch.key)
	dst = putUint(dst, ch.limit)
	dst = putString(dst, ch.forward)
	for _, n := range ch.throttle.numbers() {
		dst = putUint(dst, *n)
	}
	dst = putInt(dst, ch.throttle.since)
	return putLists(dst, ch.lists)
}

func (t *joinThrottle) numbers() []*int { return []*int{&t.joins, &t.seconds, &t.taken} }

func putMember(dst []byte, m *member) []byte {
	dst = putUint(dst, m.id)
	dst = append(dst, byte(m.status))
	return putInt(dst, m.joined)
}

// putLists writes the lists that have entries, by letter.
func putLists(dst []byte, lists map[byte][]listEntry) []byte {
	var letters []byte
	for letter, list := range lists { // order does not matter: sorted below
		if len(list) > 0 {
			letters = append(letters, letter)
		}
	}
	slices.SortFunc(letters, cmp.Compare[byte])
	dst = putUint(dst, len(letters))
	for _, letter := range letters {
		dst = putList(append(dst, letter), lists[letter], putEntry)
	}
	return dst
}

func putEntry(dst []byte, e listEntry) []byte {
	return putString(putInt(putString(putString(dst, e.mask), e.setter), e.time), e.remote)
}

func putBan(version byte) func(dst []byte, b networkBan) []byte {
	return func(dst []byte, b networkBan) []byte {
		dst = putString(dst, b.mask)
		dst = putString(dst, b.reason)
		dst = putString(dst, b.setter)
		dst = putInt(putInt(dst, b.time), b.expiry)
		if version >= snapshotVersion2 {
			dst = putString(putString(dst, b.gateway), b.kind)
		}
		return dst
	}
}

func putHold(dst []byte, h nickHold) []byte {
	return putInt(putString(putString(dst, h.nick), h.reason), h.expiry)
}

func putWhowas(dst []byte, e whowasEntry) []byte {
	for _, v := range e.strings() {
		dst = putString(dst, *v)
	}
	return putInt(dst, e.time)
}

func (e *whowasEntry) strings() []*string {
	return []*string{&e.nick, &e.user, &e.host, &e.realname, &e.account, &e.remote}
}
