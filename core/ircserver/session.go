package ircserver

import (
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// nickKey and chanKey are folded names: two spellings of one name have one key.
type (
	nickKey string
	chanKey string
)

// casemapping is the network's one casemapping, announced in ISUPPORT.
const casemapping = irc.RFC1459

func foldNick(s string) nickKey { return nickKey(casemapping.Fold(s)) }
func foldChan(s string) chanKey { return chanKey(casemapping.Fold(s)) }

// dedupWindow is how many client message ids a session remembers; an edge keeps no more lines of one session in flight.
const dedupWindow = 32

// session is one client, one services link, or one pseudo-client of such a link. All strings are owned (cloned from
// the log entry), so that no session pins a batch.
type session struct {
	id       SessionID
	authHash [32]byte
	created  int64
	// lastActive is the time of the last line, for expiry; lastSpoke that of the last PRIVMSG or NOTICE, for WHOIS idle.
	lastActive, lastSpoke int64
	remote                string
	cookie                string // outstanding challenge; "" once it was met
	tls                   bool

	// Registration: nick and user are set as they arrive; registered once both are there and nothing holds it up.
	registered     bool
	capNegotiating bool
	signedOn       int64
	nick           string
	user           string
	realname       string
	host           string // shown to others: cloaked while +x
	account        string
	away           string
	caps           Caps
	modes          modeSet
	oper           string // name of the operator block, "" when not an operator
	operClass      string
	pass           string // the NickServ password that PASS gave, until registration hands it on
	granted        string // what PASS was verified for, until registration: operator names and "services"

	channels []*channel   // in the order of joining
	invites  []invitation // outstanding ones, oldest first, at most maxInvites
	silence  []listEntry
	accept   []SessionID // who may message while +g, in the order they were accepted; ids are never reused
	// lastKnock is when the session last knocked on a channel.
	lastKnock int64
	// callerIDTold is when the session was last told (718) that somebody it does not accept tries to write.
	callerIDTold int64

	// services is set for a services link and its pseudo-clients; link is the link's session.
	services bool
	link     SessionID
	svid     string // what services remember the session by (SVSMODE +d)

	// gateway is set for a gateway's link and for its users, whom it names by uid.
	gateway *gateway
	uid     string

	recent  [dedupWindow]uint64 // ring of client message ids
	recentN uint32

	prefix string    // nick!user@host, kept in step by setIdentity
	self   *Audience // the session alone; nil when it must be made anew

	suspected *suspect // what bans see of the session, made when it was last looked at; not part of the state
}

// setCaps is the only writer of caps: audiences hold them, so those that u is in are made anew.
func (u *session) setCaps(caps Caps) {
	u.caps = caps
	u.audienceChanged()
}

// setIdentity is the only writer of nick, user and host once a session has a nick; it keeps prefix in step.
func (u *session) setIdentity(nick, user, host string) {
	u.nick, u.user, u.host = nick, user, host
	u.prefix = nick + "!" + user + "@" + host
	if u.isLink() {
		u.prefix = nick // a server's name
	}
}

// cloak is the host that hides u's address; it tells the session apart from all others.
func (u *session) cloak() string { return "robust/0x" + strconv.FormatUint(uint64(u.id), 16) }

// parseCloak returns the session that a cloaked host belongs to.
func parseCloak(host string) (SessionID, bool) {
	hex, ok := strings.CutPrefix(host, "robust/0x")
	id, err := strconv.ParseUint(hex, 16, 64)
	return SessionID(id), ok && err == nil
}

// visibleHost is the host that others are to see: the cloak while u is +x, else the address.
func (u *session) visibleHost() string {
	if u.isGuest() {
		return u.host // as its gateway says
	}
	if u.modes.has('x') || u.remote == "" {
		return u.cloak()
	}
	return hostOf(u.remote)
}

// hostOf makes an address fit to stand as a host in a prefix: one that begins with ':' would be read as trailing.
func hostOf(addr string) string {
	if strings.HasPrefix(addr, ":") {
		return "0" + addr
	}
	return addr
}

// target is how numerics address the session: its nick, or "*" before it has one.
func (u *session) target() string {
	if u.nick == "" {
		return "*"
	}
	return u.nick
}

// seen records a client message id and reports whether it was there already, or is a sequential one whose turn is over.
func (u *session) seen(id uint64) bool {
	if id == 0 {
		return false
	}
	for _, r := range u.recent {
		if r == id || r&id&SequentialID != 0 && r > id {
			return true
		}
	}
	u.recent[u.recentN%dedupWindow] = id
	u.recentN++
	return false
}

// isOper reports whether u is an operator.
func (u *session) isOper() bool { return u.modes.has('o') }
