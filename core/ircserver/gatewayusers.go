package ircserver

import (
	"net/netip"
	"slices"
	"strings"

	"robustirc/core/irc"
)

// guestSpec is what USER says of a user, made fit for this network.
type guestSpec struct {
	nick, user, host, remote, account, class, realname string
	signedOn                                           int64
	modes                                              modeSet
}

// effectUser brings a user; one that is there already is made so.
func (s *Server) effectUser(e *effect) string {
	uid := e.Param(0)
	spec, why := s.guestSpec(e)
	switch u := e.g.users[uid]; {
	case !validUID(uid):
		return "A uid is 1 to " + itoa(gatewayUID) + " letters and digits"
	case why != "":
		return why
	case u != nil:
		s.alterGuest(u, &spec)
		return ""
	case s.cfg.MaxSessions > 0 && len(s.sessions) >= s.cfg.MaxSessions:
		return "The network is full"
	}
	return s.bring(e.g, strings.Clone(uid), &spec)
}

func validUID(uid string) bool {
	if uid == "" || len(uid) > gatewayUID {
		return false
	}
	for i := range len(uid) {
		if c := uid[i]; (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

func (s *Server) guestSpec(e *effect) (g guestSpec, why string) {
	var ok bool
	if g.signedOn, ok = parseSeconds(e.Param(5)); !ok {
		return g, badTime
	}
	g.nick = e.Param(1)
	g.user, g.host = s.guestUser(e.Param(2)), s.guestHost(e.Param(3))
	g.remote = guestAddress(e.Param(4))
	g.account, g.class = strings.Clone(e.optional(6)), strings.Clone(e.optional(7))
	if len(g.account) > maxAccount || len(g.class) > maxAccount {
		return g, "An account or class has at most " + itoa(maxAccount) + " bytes"
	}
	for _, letter := range []byte(e.Param(8)) {
		if letter != 'o' && strings.IndexByte(s.userModeLetters(), letter) >= 0 {
			g.modes.set(letter)
		}
	}
	g.realname = strings.Clone(irc.Truncate(e.rest(9), s.cfg.Limits.RealLen))
	return g, ""
}

// maxAccount is the longest account or class that a gateway may name, in bytes.
const maxAccount = 64

// guestUser is a user name as it fits here.
func (s *Server) guestUser(user string) string {
	if user = cleanUser(user, s.cfg.Limits.UserLen); user == "" {
		return "unknown"
	}
	return user
}

// guestHost is a host as it fits here: what cannot stand in a prefix is replaced, and what is too long cut.
func (s *Server) guestHost(host string) string {
	clean := strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || strings.ContainsRune("@!*?,", r) {
			return '-'
		}
		return r
	}, hostOf(host))
	if clean = strings.Clone(irc.Truncate(clean, s.cfg.Limits.HostLen)); clean == "" {
		return "unknown"
	}
	return clean
}

// guestAddress is an address, or "" for what is none.
func guestAddress(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Zone() != "" || addr.IsUnspecified() {
		return ""
	}
	return addr.String()
}

// bring makes the session of a new user. Its id is the number of the input, which no other session can have.
func (s *Server) bring(g *gateway, uid string, spec *guestSpec) string {
	u := &session{
		id: SessionID(s.inputs), created: s.now, lastActive: s.now, lastSpoke: s.now, signedOn: spec.signedOn,
		remote: spec.remote, tls: spec.modes.has('Z'), realname: spec.realname, account: spec.account,
		modes: spec.modes, gateway: g, uid: uid,
	}
	nick := s.freeNick(u, spec.nick)
	if nick == "" {
		return "There is no nick like this to be had"
	}
	u.setIdentity(nick, spec.user, spec.host)
	s.setClass(u, spec.class)
	if b := s.networkBanFor(u); b != nil {
		return "Banned: " + b.reason
	}
	u.registered = true
	s.sessions[u.id], s.nicks[foldNick(nick)], g.users[uid] = u, u, u
	g.refused = slices.DeleteFunc(g.refused, func(r string) bool { return r == uid })
	s.tally(u, +1)
	s.maxUsers = max(s.maxUsers, s.users)
	if !g.inLink {
		s.opened = append(s.opened, u.id)
	}
	s.introduce(u)
	s.tellUser(u)
	return ""
}

// setClass makes u, which is not counted yet, an operator of a class.
func (s *Server) setClass(u *session, class string) {
	if class != "" {
		u.modes.set('o')
		u.oper, u.operClass = grantGateway+u.gateway.name, class
	}
}

// tellUser tells the gateway the nick of one of its users, and its session.
func (s *Server) tellUser(u *session) {
	s.tell(u.gateway, false, "USER", u.uid, u.nick, hexID(u.id))
}

// alterGuest makes a user that is there what USER says.
func (s *Server) alterGuest(u *session, spec *guestSpec) {
	nick := s.forceNick(u, spec.nick)
	s.rehostGuest(u, spec.user, spec.host)
	u.remote, u.signedOn = spec.remote, spec.signedOn
	s.forceRealname(u, spec.realname)
	s.setAccount(u, spec.account)
	s.setOper(u, spec.class)
	var changes []irc.ModeChange
	for _, letter := range []byte(s.userModeLetters()) {
		if letter != 'o' {
			changes = append(changes, irc.ModeChange{Add: spec.modes.has(letter), Mode: letter})
		}
	}
	s.changeUserModes(u, s.name(), changes)
	u.tls = u.modes.has('Z')
	if nick == spec.nick { // of another one forceNick tells
		s.tellUser(u)
	}
}

// effectGone removes users who left, all at once.
func (s *Server) effectGone(e *effect) string {
	uids, reason := e.listAndText()
	var users []*session
	seen := map[string]bool{}
	for _, uid := range uids {
		if u := e.g.users[uid]; u != nil && !seen[uid] {
			seen[uid] = true
			users = append(users, u)
		}
	}
	s.depart(users, irc.Truncate(reason, s.cfg.Limits.KickLen))
	return ""
}

// listAndText splits the line into the words after the command, which may be more than a message has parameters, and
// what follows " :".
func (e *effect) listAndText() (list []string, text string) {
	_, params, _ := strings.Cut(e.in.Text, e.Command)
	head, text, _ := strings.Cut(params, " :")
	return strings.Fields(head), text
}

// effectKill removes a user whom somebody removed.
func (s *Server) effectKill(e *effect) string {
	u := e.g.users[e.Param(0)]
	if u == nil {
		return "" // what is gone stays so
	}
	by := s.source(e, 1)
	reason := irc.Truncate(e.rest(2), s.cfg.Limits.KickLen)
	if reason == "" {
		reason = "No reason given"
	}
	s.sendText(only(u), by, "KILL", u.nick, by+" ("+reason+")")
	s.snotice(nil, "KILL of "+u.prefix+" by "+by+": "+reason)
	s.quit(u, "Killed ("+by+" ("+reason+"))")
	return ""
}

// effectNick renames a user.
func (s *Server) effectNick(e *effect) string {
	if u := s.one(e, 0); u != nil && s.forceNick(u, e.Param(1)) == "" && u.nick != e.Param(1) {
		s.tellUser(u) // it stays as it was
	}
	return ""
}

// forceNick gives u this nick, or one like it when it is taken, reserved or none that this network can have: then the
// gateway is told which. It returns the nick when it is another than before.
func (s *Server) forceNick(u *session, asked string) string {
	nick := s.freeNick(u, asked)
	if nick == "" || nick == u.nick {
		return ""
	}
	s.rename(u, nick)
	if nick != asked {
		s.tellUser(u)
	}
	return nick
}

// maxNickTries bounds how many nicks are looked at for one that is free.
const maxNickTries = 1000

// freeNick is a nick that u can have: asked as it is, or with _ for what no nick can hold, or with _ or _ and a number
// behind it; "" when there is none.
func (s *Server) freeNick(u *session, asked string) string {
	if s.mayTake(u, asked) == nil {
		return strings.Clone(asked)
	}
	base := cleanNick(asked, s.cfg.Limits.NickLen)
	for try := range maxNickTries {
		nick := base
		if try > 0 {
			suffix := "_" + positive(try-1)
			nick = irc.Truncate(base, max(0, s.cfg.Limits.NickLen-len(suffix))) + suffix
		}
		if s.mayTake(u, nick) == nil {
			return strings.Clone(nick)
		}
	}
	return ""
}

// cleanNick puts _ in place of every byte that a nick cannot hold, and in front of what it cannot begin with.
func cleanNick(nick string, max int) string {
	if nick != "" && !irc.ValidNick(nick[:1], 1) && irc.ValidNick("_"+nick[:1], 2) {
		nick = "_" + nick
	}
	b := []byte(irc.Truncate(nick, max))
	for i, c := range b {
		if !irc.ValidNick("_"+string(rune(c)), 2) {
			b[i] = '_'
		}
	}
	if len(b) == 0 {
		return "_"
	}
	return string(b)
}

// effectHost changes a user's ident, host and address.
func (s *Server) effectHost(e *effect) string {
	u := s.one(e, 0)
	if u == nil {
		return ""
	}
	if e.NumParams() > 3 {
		u.remote = guestAddress(e.Param(3))
	}
	s.rehostGuest(u, s.guestUser(e.Param(1)), s.guestHost(e.Param(2)))
	return ""
}

// rehostGuest gives u another user name and host, and tells it.
func (s *Server) rehostGuest(u *session, user, host string) {
	if u.user == user && u.host == host {
		return
	}
	s.remember(u)
	u.setIdentity(u.nick, user, host)
	s.reply(u, irc.RPL_VISIBLEHOST, u.host)
}

// effectRealname changes a user's real name.
func (s *Server) effectRealname(e *effect) string {
	if u := s.one(e, 0); u != nil {
		s.forceRealname(u, strings.Clone(irc.Truncate(e.rest(1), s.cfg.Limits.RealLen)))
	}
	return ""
}

func (s *Server) forceRealname(u *session, name string) {
	if u.realname != name {
		u.realname = name
		s.sendText(only(u), u.prefix, "SETNAME", name)
	}
}

// effectAccount logs a user in to an account, or out.
func (s *Server) effectAccount(e *effect) string {
	account := e.optional(1)
	if len(account) > maxAccount {
		return "An account has at most " + itoa(maxAccount) + " bytes"
	}
	if u := s.one(e, 0); u != nil {
		s.setAccount(u, account)
	}
	return ""
}

// effectAway marks a user as away, or back.
func (s *Server) effectAway(e *effect) string {
	u, text := s.one(e, 0), irc.Truncate(e.rest(1), s.cfg.Limits.AwayLen)
	switch {
	case u == nil || u.away == text:
		return ""
	case text == "":
		u.away = ""
		s.reply(u, irc.RPL_UNAWAY)
	default:
		u.away = strings.Clone(text)
		s.reply(u, irc.RPL_NOWAWAY)
	}
	return ""
}

// effectClass makes a user an operator, or none. (It is not called OPER: of lines with that word the edges take the third
// for a password.)
func (s *Server) effectClass(e *effect) string {
	class := e.optional(1)
	if len(class) > maxAccount {
		return "A class has at most " + itoa(maxAccount) + " bytes"
	}
	if u := s.one(e, 0); u != nil {
		s.setOper(u, strings.Clone(class))
	}
	return ""
}

// setOper makes u an operator of a class, or with "" none, and tells it.
func (s *Server) setOper(u *session, class string) {
	switch {
	case class == "":
		s.changeUserModes(u, s.name(), []irc.ModeChange{{Mode: 'o'}})
	case u.isOper():
		u.operClass = class
	default:
		u.oper, u.operClass = grantGateway+u.gateway.name, class
		s.reply(u, irc.RPL_YOUREOPER)
		s.changeUserModes(u, s.name(), []irc.ModeChange{{Add: true, Mode: 'o'}})
	}
}

// effectUmode changes modes of a user.
func (s *Server) effectUmode(e *effect) string {
	u := s.one(e, 0)
	if u == nil {
		return ""
	}
	changes, errs := irc.ParseModes(userModeSpec, e.Params()[1:2])
	allowed := withoutOper(changes)
	s.changeUserModes(u, s.name(), lastOfEach(allowed))
	u.tls = u.modes.has('Z')
	switch {
	case len(errs) > 0:
		return "Unknown user mode"
	case len(allowed) < len(changes):
		return "CLASS makes operators"
	}
	return ""
}

// withoutOper leaves out what makes an operator, which needs a class.
func withoutOper(changes []irc.ModeChange) []irc.ModeChange {
	return slices.DeleteFunc(slices.Clone(changes), func(c irc.ModeChange) bool { return c.Add && c.Mode == 'o' })
}

// lastOfEach leaves the last change of each user mode.
func lastOfEach(changes []irc.ModeChange) (list []irc.ModeChange) {
	for i, c := range changes {
		if !slices.ContainsFunc(changes[i+1:], func(o irc.ModeChange) bool { return o.Mode == c.Mode }) {
			list = append(list, c)
		}
	}
	return list
}
