package network

import (
	"slices"
	"strings"

	"robustirc/s2s"
)

// userChanged changes a user's properties, on every server alike.
func (n *Network) userChanged(by Source, b s2s.UserChanged) {
	u := n.target(b.User)
	if u == nil {
		return
	}
	if b.IfTS != 0 && b.IfTS != u.TS {
		n.ignore(IgnoredOlder) // hyb:m_svsaccount.c, m_svshost.c
		return
	}
	if (b.Account != nil || b.IfTS != 0) && !n.mayServe(by, u) {
		return
	}
	n.setProperty(u, by, PropertyIdent, &u.Ident, b.Ident)
	n.setProperty(u, by, PropertyRealHost, &u.RealHost, b.RealHost)
	n.setProperty(u, by, PropertyRealname, &u.Realname, b.Realname)
	n.setProperty(u, by, PropertyAccount, &u.Account, b.Account)
	if b.Certificate != nil {
		n.setRare(u, by, PropertyCertificate, *b.Certificate)
	}
	if b.Host != nil {
		n.setHost(u, by, *b.Host)
	}
	if b.Nick != nil && *b.Nick != "" {
		ts := u.TS
		if b.NickTS != nil {
			ts = *b.NickTS
		}
		n.signOn(u, *b.Nick, ts)
	}
}

// mayServe reports whether a source may change what only services do of another's user (m_services.c:me_su,
// hyb:m_svsaccount.c, m_svshost.c, m_svsmode.c; UnrealIRCd lets any server). Where we are not told who the services are,
// it may.
func (n *Network) mayServe(by Source, u *User) bool {
	if by.User == u || n.rules.AnyServes || len(n.services) == 0 || n.isService(by) {
		return true
	}
	n.ignore(IgnoredNoService)
	return false
}

func (n *Network) setProperty(u *User, by Source, p Property, field, value *string) {
	if value == nil || *field == *value {
		return
	}
	old := *field
	*field = strings.Clone(*value)
	n.changed(UserChanged{User: u, By: by, Property: p, Old: old, New: *field})
}

// setHost changes what others see of a user. UnrealIRCd sets +xt with it (unreal:chghost.c, sethost.c).
func (n *Network) setHost(u *User, by Source, host string) {
	n.setProperty(u, by, PropertyHost, &u.Host, &host)
	if n.rules.HostModes {
		u.VHost = u.Host
		n.applyUserModes(by, u, "+tx")
	}
}

// signOn changes a nick as services do on login (m_signon.c:ms_signon), where collisions kill even when nicks could be
// saved.
func (n *Network) signOn(u *User, nick string, ts int64) {
	saves := n.rules.Saves
	n.rules.Saves = false
	n.changeNick(u, nick, ts)
	n.rules.Saves = saves
}

// setRare changes a property that few users have.
func (n *Network) setRare(u *User, by Source, p Property, value string) {
	if value == "" && u.rare == nil {
		return
	}
	if u.rare == nil {
		u.rare = &rareUser{}
	}
	n.setProperty(u, by, p, u.rare.field(p), &value)
}

func (r *rareUser) field(p Property) *string {
	switch p {
	case PropertyAway:
		return &r.away
	case PropertyOperator:
		return &r.operator
	case PropertyPrivileges:
		return &r.privileges
	}
	return &r.certificate
}

func (n *Network) away(by Source, b s2s.Away) {
	if u := n.needUser(by); u != nil {
		n.setRare(u, by, PropertyAway, b.Text)
	}
}

func (n *Network) oper(by Source, b s2s.Oper) {
	if u := n.needUser(by); u != nil {
		n.setRare(u, by, PropertyOperator, b.Operator)
		n.setRare(u, by, PropertyPrivileges, b.Privileges)
	}
}

func (n *Network) userModes(by Source, b s2s.UserModes) {
	u := n.target(b.User)
	switch {
	case u == nil:
		return
	case by.User != nil && by.User != u && !n.rules.AnyServes && b.IfTS == 0:
		n.ignore(IgnoredKind) // only the user itself (m_mode.c); services' SVSMODE may
		return
	case b.IfTS != 0 && b.IfTS != u.TS:
		n.ignore(IgnoredOlder)
		return
	}
	if b.IfTS != 0 && !n.mayServe(by, u) {
		return
	}
	n.setProperty(u, by, PropertyAccount, &u.Account, b.Account)
	modes := b.Modes
	switch {
	case !n.rules.HostModes:
	case by.User == u:
		modes += u.impliedModes(modes)
	default:
		modes = n.modesByServices(u, modes)
	}
	n.applyUserModes(by, u, modes)
}

// impliedModes is what goes with modes that a user of UnrealIRCd takes off itself: -x is -xt (unreal:mode.c:cmd_umode).
func (u *User) impliedModes(modes string) string {
	if now := changedModes(u.Modes, modes); u.HasMode('x') && !hasByte(now, 'x') && hasByte(now, 't') {
		return "-t"
	}
	return ""
}

// modesByServices is what SVSMODE does of what it says (unreal:svsmode.c:do_svsmode): z never changes, t is not set, and
// taken only from who has another host than the cloak; +H is for operators; who is none any more loses their modes.
func (n *Network) modesByServices(u *User, modes string) string {
	add := true
	out, set := []byte{}, u.Modes
	take := func(sign string, letters string) {
		out = append(append(out, sign...), letters...)
		set = changedModes(set, sign+letters)
	}
	for i := range len(modes) {
		switch c := modes[i]; {
		case c == '+' || c == '-':
			add = c == '+'
		case c == 'z', add && c == 't', add && c == 'H' && !hasByte(set, 'o') && !hasByte(modes, 'o'):
		case c == 't' && hasByte(set, 'x') && u.VHost == "":
		case !add && c == 'o' && hasByte(set, 'o'):
			take("-", "o"+n.rules.OperModes)
		case add:
			take("+", modes[i:i+1])
		default:
			take("-", modes[i:i+1])
		}
	}
	return string(out)
}

// changedModes returns a set of user modes as a change leaves it.
func changedModes(set, modes string) string {
	add := true
	for i := range len(modes) {
		switch c := modes[i]; {
		case c == '+' || c == '-':
			add = c == '+'
		case c <= ' ' || c >= 0x7f:
		case add && !hasByte(set, c):
			set += string([]byte{c})
		case !add:
			set = strings.ReplaceAll(set, string([]byte{c}), "")
		}
	}
	return sortedLetters(set)
}

// applyUserModes changes a user's modes and what follows from them.
func (n *Network) applyUserModes(by Source, u *User, modes string) {
	was := u.Modes
	set := changedModes(was, modes)
	if set == was {
		return
	}
	u.Modes = n.word(set)
	n.changed(UserModesChanged{User: u, By: by, Added: without(set, was), Removed: without(was, set)})
	if hasByte(was, 'o') && !hasByte(set, 'o') {
		n.setRare(u, by, PropertyOperator, "")
		n.setRare(u, by, PropertyPrivileges, "")
	}
	if n.rules.HostModes {
		n.chooseHost(u, by, was)
	}
}

// without returns the letters of a that are not in b.
func without(a, b string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(b, r) {
			return -1
		}
		return r
	}, a)
}

// chooseHost makes what others see of a user follow +x and +t: the virtual host, or the cloak, or the real host. Losing
// either forgets the virtual host (unreal:mode.c:cmd_umode, svsmode.c:do_svsmode).
func (n *Network) chooseHost(u *User, by Source, was string) {
	if hasByte(was, 'x') && !u.HasMode('x') || hasByte(was, 't') && !u.HasMode('t') {
		u.VHost = ""
	}
	host := u.seenHost()
	n.setProperty(u, by, PropertyHost, &u.Host, &host)
}

// seenHost is what others see of a user by its modes: with +x the virtual host or else the cloak. That of a user of ours
// is the network's secret: "".
func (u *User) seenHost() string {
	switch {
	case !u.HasMode('x'):
	case u.VHost != "":
		return u.VHost
	case u.Cloak != "":
		return u.Cloak
	case u.Server.Ours:
		return ""
	}
	return u.RealHost
}

// maxWhoisLines bounds what services may hang on one user.
const maxWhoisLines = 64

// whois adds or removes an extra WHOIS line (unreal:swhois.c, hyb:m_svstag.c). Removing names a tag or, with none, all.
func (n *Network) whois(by Source, b s2s.SWhois) {
	u := n.target(b.User)
	if u == nil {
		return
	}
	if b.IfTS != 0 && b.IfTS != u.TS {
		n.ignore(IgnoredOlder)
		return
	}
	if n.rules.HostModes && b.Tag == "" {
		b.Tag = by.Name() // unreal:swhois.c, the old syntax
	}
	line := s2s.SWhois{Tag: strings.Clone(b.Tag), Priority: b.Priority, Text: strings.Clone(b.Text), Numeric: b.Numeric, Modes: strings.Clone(b.Modes)}
	lines := slices.Clone(u.WhoisLines())
	if b.Remove {
		lines = slices.DeleteFunc(lines, func(l s2s.SWhois) bool { return whoisGone(l, b) })
	} else if !slices.Contains(lines, line) && len(lines) < maxWhoisLines {
		lines = append(lines, line)
	}
	if slices.Equal(lines, u.WhoisLines()) {
		return
	}
	if u.rare == nil {
		u.rare = &rareUser{}
	}
	u.rare.lines = lines
	n.changed(UserChanged{User: u, By: by, Property: PropertyWhois})
}

// whoisGone reports whether a removal means a line.
func whoisGone(line, remove s2s.SWhois) bool {
	if remove.Tag != "" && remove.Tag != line.Tag {
		return false
	}
	return remove.Text == "" || remove.Text == "*" || remove.Text == line.Text
}
