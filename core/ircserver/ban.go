package ircserver

import (
	"net/netip"
	"slices"
	"strings"

	"robustirc/core/irc"
)

// maxMask is the longest mask a list takes, in bytes, so that every line that shows one fits; ~quiet: comes on top, so
// that every quiet can become one.
const maxMask = 200

// banKind says what of a user a ban looks at.
type banKind uint8

const (
	banHost     banKind = iota // nick!user@host, in any of the user's spellings
	banAccount                 // the account, by glob
	banRealname                // the real name, by glob
	banChannel                 // membership in a channel that is not hidden: a ban must not betray who is where
)

// banKey is what a ban means, however it was spelled: two masks with the same key are the same entry of a list.
type banKey struct {
	kind banKind
	// mute says that it forbids speaking only (~quiet:).
	mute bool
	// negate turns the match around ($~a).
	negate bool
	// text is the folded mask: of the whole nick!user@host, the account or the real name; or the channel.
	text string
}

// ban is a parsed mask of a list: a host mask or an extended ban.
type ban struct {
	banKey
	// mask is the text, compiled.
	mask irc.Mask
	// who matches nick!user alone, for masks that also match by address.
	who irc.Mask
	// net is the CIDR range of a mask whose host is one.
	net netip.Prefix
}

// extban is one type of extended ban: its names in the spelling of UnrealIRCd (~account:mask or ~a:mask) and its
// letter in that of Solanum ($a:mask).
type extban struct {
	kind   banKind
	long   string
	letter byte
	dollar bool // has a $ spelling
	// bare says that $x without a mask is allowed (any account).
	bare bool
}

// extbans are the types of extended bans. ~quiet is not one of them: it is a wrapper around any mask.
var extbans = []extban{
	{kind: banAccount, long: "account", letter: 'a', dollar: true, bare: true},
	{kind: banRealname, long: "realname", letter: 'r', dollar: true},
	{kind: banChannel, long: "channel", letter: 'c', dollar: true},
}

// quietPrefix is the canonical spelling of the wrapper.
const quietPrefix = "~quiet:"

// quietNames are the spellings of the wrapper that makes a ban forbid speaking only.
var quietNames = []string{"quiet", "q"}

// extbanToken is the value of ISUPPORT EXTBAN: the prefix and the letters after it. The spelling with $ works too.
func (s *Server) extbanToken() string { return "~,acqr" }

// parseMask reads a mask as a user types it and returns it with its canonical spelling: host masks are completed to
// nick!user@host, names of extended bans are written out, the rest stays as it was typed. ok is false for a mask that
// is none.
func parseMask(raw string) (b ban, spelled string, ok bool) {
	if raw == "" || strings.ContainsAny(raw, " ,\x00\r\n") || raw[0] == ':' {
		return ban{}, "", false
	}
	switch name, arg, found := strings.Cut(raw[1:], ":"); {
	case raw[0] == '$':
		b, spelled, ok = parseDollarBan(raw)
	case raw[0] == '~' && found && slices.Contains(quietNames, strings.ToLower(name)):
		b, spelled, ok = parseMask(arg)
		ok = ok && !b.mute // a quiet of a quiet says nothing more
		b.mute, spelled = true, quietPrefix+spelled
	case raw[0] == '~' && found:
		b, spelled, ok = parseTildeBan(name, arg)
	default:
		spelled = irc.CanonicalMask(raw)
		b, ok = parseHostBan(spelled), true
	}
	return b, spelled, ok && len(strings.TrimPrefix(spelled, quietPrefix)) <= maxMask
}

// parseDollarBan reads $a, $a:mask, $~a:mask.
func parseDollarBan(raw string) (ban, string, bool) {
	name, arg, hasArg := strings.Cut(raw[1:], ":")
	name, negate := strings.CutPrefix(name, "~")
	if len(name) != 1 {
		return ban{}, "", false
	}
	for _, x := range extbans {
		if !x.dollar || x.letter != name[0]|0x20 {
			continue
		}
		if !hasArg && x.bare {
			arg = "*"
		}
		b, ok := x.ban(arg)
		b.negate = negate
		spelled := "$" + strings.Repeat("~", btoi(negate)) + string(x.letter)
		if hasArg {
			spelled += ":" + arg
		}
		return b, spelled, ok
	}
	return ban{}, "", false
}

// parseTildeBan reads ~name:arg. The account 0 stands for nobody's, as in UnrealIRCd.
func parseTildeBan(name, arg string) (ban, string, bool) {
	name = strings.ToLower(name)
	for _, x := range extbans {
		if name != x.long && name != string(x.letter) {
			continue
		}
		b, ok := x.ban(arg)
		if x.kind == banAccount && arg == "0" {
			b, ok = x.ban("*")
			b.negate = true
		}
		return b, "~" + x.long + ":" + arg, ok
	}
	return ban{}, "", false
}

// ban makes the ban of this type with a mask.
func (x *extban) ban(arg string) (ban, bool) {
	b := ban{banKey: banKey{kind: x.kind, text: casemapping.Fold(arg)}}
	if x.kind == banRealname {
		arg = strings.ReplaceAll(arg, "_", "?") // masks cannot hold a space; '_' stands for one, as '?' does
	}
	b.mask = irc.CompileMask(casemapping, arg)
	return b, arg != "" && (x.kind != banChannel || irc.IsChannel(arg))
}

// parseHostBan reads a complete nick!user@host mask.
func parseHostBan(spelled string) ban {
	at := strings.LastIndexByte(spelled, '@')
	b := ban{
		banKey: banKey{kind: banHost, text: casemapping.Fold(spelled)},
		mask:   irc.CompileMask(casemapping, spelled),
		who:    irc.CompileMask(casemapping, spelled[:at]),
	}
	if net, err := netip.ParsePrefix(spelled[at+1:]); err == nil {
		b.net = net.Masked()
	}
	return b
}

// suspect is a user with what bans look at, folded once for a whole list.
type suspect struct {
	*session
	of       suspectKey
	who      string   // nick!user
	full     []string // nick!user@host with each of the hosts
	account  string
	realname string
	addr     netip.Addr
}

// suspect returns u as bans see it. A user is known by every host it has or could have: shown, cloaked and real. So
// neither cloaking nor uncloaking gets past a ban.
func (u *session) suspect() *suspect {
	key := suspectKey{u.prefix, u.remote, u.account, u.realname}
	if u.suspected == nil || u.suspected.of != key {
		u.suspected = newSuspect(u, key)
	}
	return u.suspected
}

// suspectKey is what a suspect was made of: while it stays the same, so does the suspect.
type suspectKey struct{ prefix, remote, account, realname string }

func newSuspect(u *session, key suspectKey) *suspect {
	v := &suspect{
		session:  u,
		of:       key,
		who:      casemapping.Fold(u.nick + "!" + u.user),
		account:  casemapping.Fold(u.account),
		realname: casemapping.Fold(u.realname),
	}
	hosts := []string{u.host}
	for _, host := range [...]string{u.cloak(), u.remote, hostOf(u.remote)} {
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, host := range hosts {
		v.full = append(v.full, v.who+"@"+casemapping.Fold(host))
	}
	if addr, err := netip.ParseAddr(u.remote); err == nil {
		v.addr = addr.Unmap()
	}
	return v
}

// matches reports whether the ban's mask fits v; mute is the caller's to look at.
func (b *ban) matches(v *suspect) bool { return b.fits(v) != b.negate }

func (b *ban) fits(v *suspect) bool {
	switch b.kind {
	case banAccount:
		return v.account != "" && b.mask.Match(v.account)
	case banRealname:
		return b.mask.Match(v.realname)
	case banChannel:
		return slices.ContainsFunc(v.channels, func(ch *channel) bool { return !ch.hidden() && string(foldChan(ch.name)) == b.text })
	}
	if b.net.IsValid() {
		return v.addr.IsValid() && b.net.Contains(v.addr) && b.who.Match(v.who)
	}
	return slices.ContainsFunc(v.full, b.mask.Match)
}

// ban is the entry's mask, parsed once.
func (e *listEntry) ban() *ban {
	if e.parsed == nil {
		b, _, _ := parseMask(e.mask)
		e.parsed = &b
	}
	return e.parsed
}

// matches reports whether the entry fits v, by its mask or as the session that the mask's cloaked host named.
func (e *listEntry) matches(v *suspect) bool {
	b := e.ban()
	return b.matches(v) || e.remote != "" && e.remote == v.remote && b.who.Match(v.who)
}

// onList reports whether u matches an entry of the list mode with this letter, by mask or extended ban; entries that
// forbid speaking only do not count.
func (s *Server) onList(u *session, ch *channel, letter byte) bool {
	return len(ch.lists[letter]) > 0 && ch.listed(u.suspect(), letter, false)
}

// listed reports whether v matches an entry of a list; entries that forbid speaking only count when mute is set.
func (ch *channel) listed(v *suspect, letter byte, mute bool) bool {
	list := ch.lists[letter]
	for i := range list {
		if e := &list[i]; (mute || !e.ban().mute) && e.matches(v) {
			return true
		}
	}
	return false
}

// isBanned reports whether u may not join ch: on list b, and not excepted.
func (ch *channel) isBanned(u *session) bool {
	if len(ch.lists['b']) == 0 {
		return false
	}
	v := u.suspect()
	return ch.listed(v, 'b', false) && !ch.listed(v, 'e', false)
}

// isMuted reports whether u may not speak in ch: banned or quieted, and not excepted.
func (ch *channel) isMuted(u *session) bool {
	if len(ch.lists['b']) == 0 && len(ch.lists['q']) == 0 {
		return false
	}
	v := u.suspect()
	return (ch.listed(v, 'b', true) || ch.listed(v, 'q', true)) && !ch.listed(v, 'e', true)
}
