package translate

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// identity is what the new network should hold of a user, aside of its nick.
type identity struct {
	ident, host, ip, realname, account, away, class, modes string
}

// identityRules are the rules behind the parts of an identity.
type identityRules struct{ host, realname, account, away, class, modes rules }

// all are those of what introduces a user.
func (r *identityRules) all() rules { return r.host | r.realname | r.account | r.class | r.modes }

// wantIdentity returns it, and which rules made it so.
func (t *Translator) wantIdentity(u *network.User) (w identity, set identityRules) {
	w.ident = fit(u.Ident, t.limits.UserLen, isUserByte, IdentMapped, &set.host)
	w.host = fit(u.Host, min(t.limits.HostLen, irc.MaxHostname), isHostByte, HostMapped, &set.host)
	if strings.HasPrefix(w.host, ":") {
		w.host = fit("0"+w.host, t.limits.HostLen, isHostByte, HostMapped, &set.host)
	}
	w.ip = wantAddress(u.IP)
	w.realname = cut(u.Realname, t.limits.RealLen, &set.realname)
	if u.Account != "" {
		w.account = fit(u.Account, maxAccount, isAccountByte, AccountMapped, &set.account)
	}
	w.away = cut(u.Away(), t.limits.AwayLen, &set.away)
	if u.HasMode('o') {
		if w.class = t.cfg.OperClass; w.class == "" {
			set.class.add(OperNone)
		}
	}
	w.modes = t.wantUserModes(u.Modes, &set.modes)
	return w, set
}

// maxAccount bounds the name of an account; UnrealIRCd's ACCOUNTLEN is 64.
const maxAccount = 64

func isAccountByte(c byte) bool { return c > ' ' && c != ',' && c != '*' && c != ':' && c < 0x7f }

// wantAddress returns an address as the new network writes it.
func wantAddress(s string) string {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" || addr.IsUnspecified() {
		return noAddress
	}
	switch out := addr.String(); {
	case out[0] == ':':
		return "0" + out
	case out != s:
		return out
	}
	return s // the model's own memory
}

// maxSource is the longest name of who did something, in bytes.
const maxSource = 200

// setter is who set something, as one word.
func setter(s string) string {
	if s == "" || s == "*" {
		return "unknown"
	}
	return wordOr(irc.Truncate(s, maxSource), "unknown")
}

// noAddress stands for an address that the linked network hides.
const noAddress = "*"

// fit cuts a word and replaces what is not allowed in it. An empty one becomes "_".
func fit(s string, limit int, allowed func(byte) bool, rule Rule, set *rules) string {
	out := sanitize(s, allowed)
	if len(out) > limit {
		out = out[:limit]
	}
	if out == "" {
		out = "_"
	}
	if out != s {
		set.add(rule)
	}
	return out
}

// wantUserModes returns the sorted letters of what a user's modes become.
func (t *Translator) wantUserModes(modes string, set *rules) string {
	var out letters
	for i := range len(modes) {
		row := t.umodes.row(modes[i])
		switch {
		case row.To != 0 && strings.IndexByte(t.limits.UserModes, row.To) >= 0:
			out |= letterBit(row.To)
		case strings.IndexByte(quietUserModes[t.dialect], modes[i]) < 0:
			set.add(UserModeNone)
		}
	}
	return t.word(out.String())
}

// comparedUserModes takes out of what the network says a user's modes are those that are told otherwise (o, r), that it
// gives by itself (x), or that mean something to it only (s).
func comparedUserModes(modes string) string {
	return (parseLetters(modes) &^ parseLetters("orxs")).String()
}

// wantStatus returns what a member's statuses become where the new network does not offer all.
func (t *Translator) wantStatus(s network.Status, set *rules) network.Status {
	if s == 0 {
		return 0
	}
	out := network.Status(0)
	for _, letter := range []byte(s.String()) {
		to, same := t.wantStatusLetter(letter)
		if !same {
			set.add(StatusNone)
		}
		out |= network.ParseStatus(to)
	}
	return out
}

// wantStatusLetter returns a status that is offered: the next lower one, or for owner and admin at least operator.
func (t *Translator) wantStatusLetter(letter byte) (to string, same bool) {
	const order = "qaohv"
	for i := strings.IndexByte(order, letter); i >= 0 && i < len(order); i++ {
		if t.limits.modes.Class(order[i]) == irc.ModePrefix {
			return order[i : i+1], order[i] == letter
		}
	}
	return "", false
}

// modes is what the new network should hold of a channel's modes.
type modes struct {
	flags  letters
	params []network.Param
}

func (m *modes) param(letter byte) string {
	for _, p := range m.params {
		if p.Letter == letter {
			return p.Value
		}
	}
	return ""
}

// wantModes returns what a channel's modes become.
func (t *Translator) wantModes(c *network.Channel, set *rules) (w modes) {
	for _, letter := range []byte(c.Flags().String()) {
		row := t.cmodes.row(letter)
		if row.To == 0 || t.limits.modes.Class(row.To) != irc.ModeFlag {
			set.add(ModeNone)
			continue
		}
		if row.Quality == Approximate {
			set.add(ModeApproximate)
		}
		w.flags |= letterBit(row.To)
	}
	if w.flags.has('s') && w.flags.has('p') {
		set.add(PrivateAndSecret)
		w.flags &^= letterBit('p')
	}
	for _, p := range c.Params() {
		if to, value, ok := t.wantParam(c, p, set); ok {
			w.params = append(w.params, network.Param{Letter: to, Value: value})
		}
	}
	slices.SortFunc(w.params, func(a, b network.Param) int { return int(a.Letter) - int(b.Letter) })
	return w
}

// sameValue reports whether two parameters of a mode mean the same.
func sameValue(letter byte, a, b string) bool {
	return a == b || letter == 'f' && casemapping.Equal(a, b)
}

func sameParams(a, b []network.Param) bool {
	return slices.EqualFunc(a, b, func(p, q network.Param) bool { return p.Letter == q.Letter && sameValue(p.Letter, p.Value, q.Value) })
}

// wantParam returns what a mode of c with a parameter becomes.
func (t *Translator) wantParam(c *network.Channel, p network.Param, set *rules) (to byte, value string, ok bool) {
	row := t.cmodes.row(p.Letter)
	if class := t.limits.modes.Class(row.To); row.To == 0 || class != irc.ModeParam && class != irc.ModeSetParam {
		set.add(ModeNone)
		return 0, "", false
	}
	if row.Quality == Approximate {
		set.add(ModeApproximate)
	}
	switch row.To {
	case 'k':
		if !validKey(p.Value, t.limits.KeyLen) {
			set.add(KeyNone)
			return 0, "", false
		}
		return 'k', p.Value, true
	case 'l':
		value = limitValue(p.Value)
	case 'j':
		value = throttleValue(p.Value)
	case 'f':
		value = t.forwardValue(c, p.Value)
	}
	if value == "" {
		set.add(ParameterNone)
	}
	return row.To, value, value != ""
}

func validKey(key string, limit int) bool {
	return key != "" && len(key) <= limit && key[0] != ':' && strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r == ',' || r == 0x7f }) < 0
}

// maxLimit bounds +l on the new network.
const maxLimit = 1_000_000

func limitValue(s string) string {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return ""
	}
	return strconv.Itoa(min(n, maxLimit))
}

// throttleValue reads joins:seconds, from 1:1 to 1000:86400.
func throttleValue(s string) string {
	a, b, _ := strings.Cut(s, ":")
	joins, err1 := strconv.Atoi(a)
	seconds, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil || joins < 1 || joins > 1000 || seconds < 1 || seconds > 86400 {
		return ""
	}
	return strconv.Itoa(joins) + ":" + strconv.Itoa(seconds)
}

// forwardValue is the name that the channel that is forwarded to has on the new network, whether it is there or not.
func (t *Translator) forwardValue(c *network.Channel, name string) string {
	if !irc.IsChannel(name) || t.liveKey(name) == t.liveKey(c.Name) {
		return ""
	}
	if to, _ := t.channelCandidate(name, 0); to != "" {
		return to
	}
	to, _ := t.channelCandidate(name, 1)
	return to
}

// wantLists returns a channel's lists as they were set, the rules behind each entry, and those behind what is left out.
func (t *Translator) wantLists(c *network.Channel) (out []entry, why []rules, left rules) {
	var counts [128]int
	seen := map[string]bool{}
	for _, e := range c.Lists() {
		var set rules
		letter, mask, ok := t.mapEntry(e.Letter[0], e.Mask, &set)
		made := entry{letter, mask, setter(e.SetBy), fitTime(e.SetAt)}
		switch {
		case !ok:
			left |= set
		case seen[made.key()]:
		case counts[letter] >= t.limits.ListEntries:
			left.add(ListFull)
		default:
			counts[letter]++
			seen[made.key()] = true
			out, why = append(out, made), append(why, set)
		}
	}
	return out, why, left
}

// wordOr returns s as one word, or else what stands for none.
func wordOr(s, none string) string {
	if s == "" {
		return none
	}
	return string(appendWord(nil, s))
}

// wantTopic returns a channel's topic; one without text is none.
func (t *Translator) wantTopic(c *network.Channel, set *rules) network.Topic {
	text := cut(c.Topic.Text, t.limits.TopicLen, set)
	if text == "" {
		return network.Topic{}
	}
	return network.Topic{Text: text, Setter: setter(c.Topic.Setter), SetAt: fitTime(c.Topic.SetAt)}
}
