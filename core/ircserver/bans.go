package ircserver

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
)

// maxBans bounds the list of network bans.
const maxBans = 10000

// networkBan is one GLINE: nobody whose user@host or user@address matches mask may be on the network. The host part
// may be a glob mask, an address or a CIDR range.
type networkBan struct {
	mask   string
	reason string
	setter string
	time   int64
	expiry int64 // zero is never
	// gateway is the name of the gateway that brought it, "" for one of this network's own, and kind what it is there.
	gateway, kind string
}

// expired reports whether an expiry, zero for never, has come.
func expired(expiry, now int64) bool { return expiry != 0 && expiry <= now }

// userHostMatches reports whether a user@host mask matches u: its user name, and its address, visible host or cloak.
func userHostMatches(mask string, u *session) bool {
	user, host := cutUserHost(mask)
	return irc.MatchMask(casemapping, user, u.user) && hostMatches(host, u)
}

// cutUserHost splits a user@host mask; without '@' it is a host.
func cutUserHost(mask string) (user, host string) {
	user, host, ok := strings.Cut(mask, "@")
	if !ok {
		return "*", mask
	}
	return user, host
}

func hostMatches(mask string, u *session) bool {
	return addressMatches(mask, u.remote) ||
		irc.MatchMask(irc.ASCII, mask, u.host) || irc.MatchMask(irc.ASCII, mask, u.cloak())
}

// addressMatches reports whether an address is the one that mask names, is in its CIDR range, or matches it as text.
func addressMatches(mask, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return address != "" && irc.MatchMask(irc.ASCII, mask, address)
	}
	addr = addr.Unmap()
	if p, err := netip.ParsePrefix(mask); err == nil {
		return unmapPrefix(p).Contains(addr)
	}
	if a, err := netip.ParseAddr(mask); err == nil {
		return a.Unmap() == addr
	}
	return irc.MatchMask(irc.ASCII, mask, address)
}

// unmapPrefix turns ::ffff:a.b.c.d/96+n into a.b.c.d/n.
func unmapPrefix(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// exemptFromBans reports whether no ban applies to u: services, and operators who may set bans, so that nobody locks out
// those who can undo it.
func (s *Server) exemptFromBans(u *session) bool { return u.services || s.may(u, privBan) }

// networkBanFor returns the ban that keeps u off the network, or nil.
func (s *Server) networkBanFor(u *session) *networkBan {
	if s.exemptFromBans(u) {
		return nil
	}
	for i := range s.bans {
		if b := &s.bans[i]; !expired(b.expiry, s.now) && b.concerns(u) && userHostMatches(b.mask, u) {
			return b
		}
	}
	return s.configBanFor(u.remote)
}

// concerns reports whether the ban is for u at all: what a gateway brings is not for its own users, which their network
// has let in.
func (b *networkBan) concerns(u *session) bool {
	return b.gateway == "" || u.gateway == nil || u.gateway.name != b.gateway
}

// configBanFor returns the entry of the configuration that bans an address, or nil.
func (s *Server) configBanFor(address string) *networkBan {
	for _, b := range s.cfg.Banned {
		if addressMatches(b.Name, address) {
			return &networkBan{mask: "*@" + b.Name, reason: b.Value, setter: s.name()}
		}
	}
	return nil
}

// BannedAddress reports whether a session from this IP address would be refused whoever it is, and why: the edge need
// not create it then.
func (s *Server) BannedAddress(address string) (reason string, banned bool) {
	for i := range s.bans {
		b := &s.bans[i]
		user, host := cutUserHost(b.mask)
		if user == "*" && !expired(b.expiry, s.now) && addressMatches(host, address) {
			return b.reason, true
		}
	}
	if b := s.configBanFor(address); b != nil {
		return b.reason, true
	}
	return "", false
}

// enforce removes every registered session that a new ban covers, in the order of their ids, and returns how many.
func (s *Server) enforce(covers func(u *session) bool) int {
	var covered []*session
	for _, u := range s.sessions { // order does not matter: sorted below
		if u.registered && !s.exemptFromBans(u) && covers(u) {
			covered = append(covered, u)
		}
	}
	slices.SortFunc(covered, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	for _, u := range covered {
		s.banned(u)
	}
	return len(covered)
}

// expireBans drops bans and holds that have run out; tick calls it.
func (s *Server) expireBans() {
	s.bans = slices.DeleteFunc(s.bans, func(b networkBan) bool {
		if expired(b.expiry, s.now) {
			s.snotice(nil, "Network ban on "+b.mask+" has expired")
			return true
		}
		return false
	})
	s.holds = slices.DeleteFunc(s.holds, func(h nickHold) bool { return expired(h.expiry, s.now) })
}

// nextBanExpiry is when expireBans has something to do next, or zero.
func (s *Server) nextBanExpiry() (next int64) {
	sooner := func(t int64) {
		if t != 0 && (next == 0 || t < next) {
			next = t
		}
	}
	for i := range s.bans {
		sooner(s.bans[i].expiry)
	}
	for i := range s.holds {
		sooner(s.holds[i].expiry)
	}
	return next
}

// banRequest is a parsed GLINE.
type banRequest struct {
	force    bool
	duration time.Duration // zero is for ever
	target   string        // nick or mask
	reason   string
}

// parseBan parses [-force] [<duration>] <target> [:<reason>].
func parseBan(params []string) (r banRequest, ok bool) {
	if len(params) > 0 && strings.EqualFold(params[0], "-force") {
		r.force, params = true, params[1:]
	}
	if len(params) > 1 {
		if d, ok := parseDuration(params[0]); ok {
			r.duration, params = d, params[1:]
		}
	}
	if len(params) == 0 || params[0] == "" {
		return r, false
	}
	r.target, r.reason = params[0], strings.Join(params[1:], " ")
	if r.reason == "" {
		r.reason = "No reason given"
	}
	return r, true
}

// cmdGline sets a network ban, and without parameters lists them.
func (s *Server) cmdGline(u *session, c *call) *failure {
	if c.NumParams() == 0 {
		s.statsBans(u)
		s.reply(u, irc.RPL_ENDOFSTATS, "G")
		return nil
	}
	r, ok := parseBan(c.Params())
	if !ok {
		return needParams("GLINE")
	}
	mask, f := s.banMask(r.target)
	if f != nil {
		return f
	}
	if !r.force && (tooWide(mask) || userHostMatches(mask, u)) {
		s.notice(u, mask+" would ban too many, or yourself; GLINE -force if you mean it")
		return nil
	}
	b := networkBan{mask: mask, reason: strings.Clone(irc.Truncate(r.reason, s.cfg.Limits.KickLen)), setter: u.nick, time: s.now}
	if r.duration > 0 {
		b.expiry = s.now + int64(r.duration)
	}
	if !s.addBan(b) {
		s.notice(u, "The list of network bans is full ("+strconv.Itoa(maxBans)+")")
		return nil
	}
	s.reportBan(u, &b, s.enforce(func(v *session) bool { return userHostMatches(mask, v) }))
	return nil
}

// reportBan tells the setter and the operators of a new ban.
func (s *Server) reportBan(u *session, b *networkBan, removed int) {
	until := "for ever"
	if b.expiry != 0 {
		until = "for " + formatDuration(time.Duration(b.expiry-b.time))
	}
	text := "Network ban on " + b.mask + " " + until + " by " + b.setter + ": " + b.reason +
		" (" + strconv.Itoa(removed) + " removed)"
	s.notice(u, text)
	s.snotice(u, text)
}

// banMask makes the mask of a ban from what an operator named: the address of a user, or user@host, or a host.
func (s *Server) banMask(target string) (string, *failure) {
	if v := s.user(target); v != nil {
		if v.services {
			return "", fail(irc.ERR_ISCHANSERVICE, v.nick)
		}
		if v.remote == "" {
			return "*@" + v.cloak(), nil
		}
		return "*@" + v.remote, nil
	}
	if !strings.ContainsAny(target, "@.:/*?") {
		return "", noSuchNick(printable(target))
	}
	target = strings.TrimPrefix(target, "*!")
	user, host := cutUserHost(target)
	if user == "" || host == "" || strings.ContainsAny(target, "! ,") || strings.Contains(host, "@") {
		return "", failText(irc.ERR_BADMASK, irc.ERR_BADMASK.Text(), printable(target))
	}
	if len(user)+1+len(host) > maxBanMask {
		return "", failText(irc.ERR_BADMASK, irc.ERR_BADMASK.Text(), printable(target))
	}
	return user + "@" + host, nil
}

// maxBanMask is the length of a ban mask in bytes.
const maxBanMask = 128

// tooWide reports whether a mask covers everybody, or about: any user, on any host or on an eighth of the address space.
func tooWide(mask string) bool {
	user, host := cutUserHost(mask)
	if strings.Trim(user, "*?") != "" {
		return false
	}
	if p, err := netip.ParsePrefix(host); err == nil {
		return p.Bits() < 8
	}
	return strings.Trim(host, "*?.:/") == ""
}

// addBan adds a ban or replaces the same one, and reports whether there was room.
func (s *Server) addBan(b networkBan) bool {
	if i := s.findBan(b); i >= 0 {
		s.bans[i] = b
		return true
	}
	if len(s.bans) >= maxBans {
		return false
	}
	s.bans = append(s.bans, b)
	return true
}

// findBan finds the ban with this mask that is of the same origin and kind.
func (s *Server) findBan(b networkBan) int {
	return slices.IndexFunc(s.bans, func(c networkBan) bool {
		return casemapping.Equal(c.mask, b.mask) && c.gateway == b.gateway && c.kind == b.kind
	})
}

// cmdUngline removes a network ban.
func (s *Server) cmdUngline(u *session, c *call) *failure {
	user, host := cutUserHost(strings.TrimPrefix(c.Param(0), "*!"))
	i := slices.IndexFunc(s.bans, func(b networkBan) bool { return casemapping.Equal(b.mask, user+"@"+host) })
	if i < 0 {
		s.notice(u, "There is no network ban on "+user+"@"+host)
		return nil
	}
	mask := s.bans[i].mask
	s.bans = slices.DeleteFunc(s.bans, func(b networkBan) bool { return casemapping.Equal(b.mask, mask) })
	text := "Network ban on " + mask + " removed by " + u.nick
	s.notice(u, text)
	s.snotice(u, text)
	return nil
}
