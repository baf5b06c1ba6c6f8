package ircserver

import (
	"cmp"
	"slices"
)

// status is a member's rank in a channel, as bits.
type status uint8

// The statuses, lowest first; the bit order is the rank order.
const (
	statusVoice status = 1 << iota
	statusHalfop
	statusOp
	statusAdmin
	statusOwner
)

// member is one session in one channel.
type member struct {
	*session
	status status
	joined int64
}

// listEntry is one mask of a list mode, or of SILENCE.
type listEntry struct {
	mask   string
	setter string
	time   int64
	// remote is the address of the session whose cloaked host the mask names, so that the ban outlives the cloak;
	// "" when the mask names none.
	remote string

	parsed *ban // of mask, which owns its memory, when it is first matched; not part of the state
}

// channel is one channel. It exists while it has members or is permanent (+P).
type channel struct {
	name    string // as it was created
	created int64

	members []*member // in the order of joining
	byID    map[SessionID]*member

	topic       string
	topicSetter string
	topicTime   int64

	modes    modeSet // flags, and the letters of the parameter modes that are set
	key      string
	limit    int
	forward  string
	throttle joinThrottle
	lists    map[byte][]listEntry // by mode letter: b e I q; in the order they were set

	// Sets of recipients that are shared by outputs; nil when they must be made anew (changed).
	audience  *Audience  // all members
	hearers   *Audience  // those who get messages: members without +D
	silencers []*session // those of the hearers who have a silence list; valid while hearers is
}

// newChannel returns a channel without members; name is kept.
func newChannel(name string, now int64) *channel {
	return &channel{name: name, created: now, byID: map[SessionID]*member{}, lists: map[byte][]listEntry{}}
}

// add makes u a member with the given status.
func (ch *channel) add(u *session, st status, now int64) *member {
	m := &member{session: u, status: st, joined: now}
	ch.members = append(ch.members, m)
	ch.byID[u.id] = m
	u.channels = append(u.channels, ch)
	ch.throttle.count(now)
	ch.changed()
	return m
}

// remove takes u out of the channel; the caller drops an empty channel (Server.dropIfEmpty).
func (ch *channel) remove(u *session) {
	delete(ch.byID, u.id)
	ch.members = slices.DeleteFunc(ch.members, func(m *member) bool { return m.session == u })
	u.channels = slices.DeleteFunc(u.channels, func(c *channel) bool { return c == ch })
	ch.changed()
}

// all is the audience of every member, shared until membership or a member's capabilities change.
func (ch *channel) all() Audience {
	if ch.audience == nil {
		list := make([]Recipient, 0, len(ch.members))
		for _, m := range ch.members {
			list = append(list, m.recipient())
		}
		a := newAudience(list)
		ch.audience = &a
	}
	return *ch.audience
}

// recipient is who reads what u is sent: u itself, or the link whose pseudo-client it is.
func (u *session) recipient() Recipient {
	return Recipient{Session: u.reader(), Caps: u.caps, Gateway: u.firehose()}
}

// reader is the session whose stream carries what u is sent.
func (u *session) reader() SessionID {
	if u.link != 0 {
		return u.link
	}
	return u.id
}

// newAudience sorts list and removes doubles; it takes ownership.
func newAudience(list []Recipient) Audience {
	slices.SortFunc(list, func(a, b Recipient) int { return cmp.Compare(a.Session, b.Session) })
	list = slices.CompactFunc(list, func(a, b Recipient) bool { return a.Session == b.Session })
	return Audience{list: list, hash: hashRecipients(list), via: newGatewayed(list)}
}

// only is the audience of one session.
func only(u *session) Audience {
	if u.self == nil {
		a := newAudience([]Recipient{u.recipient()})
		u.self = &a
	}
	return *u.self
}

// witnesses are those who see what happens to ch, as opposed to what is said in it: its members and the services links.
func (s *Server) witnesses(ch *channel) Audience { return s.withLinks(ch.all()) }

// witnessesOf are those of them who may know that u, a member, is in ch.
func (s *Server) witnessesOf(u *session, ch *channel) Audience {
	return s.withLinks(ch.seers(ch.byID[u.id]))
}

// withLinks is a and the services links.
func (s *Server) withLinks(a Audience) Audience {
	if len(s.links) == 0 {
		return a
	}
	list := slices.Clone(a.list)
	for _, l := range s.links {
		list = append(list, l.recipient())
	}
	b := newAudience(list)
	b.skip = a.skip
	return b
}

// neighbours are those who share a channel with u, u itself, and the services links: who sees a nick change or a quit.
func (s *Server) neighbours(u *session) Audience {
	list := []Recipient{u.recipient()}
	for _, ch := range u.channels {
		list = append(list, ch.seers(ch.byID[u.id]).list...)
	}
	for _, l := range s.links {
		list = append(list, l.recipient())
	}
	return newAudience(list)
}
