//go:build realpeers

package realpeers

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"robustirc/linkgw/linktest"
	"robustirc/linkgw/translate"
	"robustirc/s2s"
)

// facts are the things that clients see of a network, by a name that is the same for the same thing on both.
type facts map[string]string

// times are the facts that are times, which may differ by slack: TS6 says no time of changes, so that each server takes its own.
type times map[string]int64

// slack is in seconds.
const slack = 5

type sight struct {
	facts facts
	times times
}

func newSight() sight { return sight{facts{}, times{}} }

// differs returns what differs between what the live network has, mapped, and the new one, one thing a line.
func (s sight) differs(now sight) (list []string) {
	compare(s.facts, now.facts, func(a, b string) bool { return a == b }, &list)
	compare(s.times, now.times, func(a, b int64) bool { return max(a-b, b-a) <= slack }, &list)
	slices.Sort(list)
	return list
}

func compare[V any](live, now map[string]V, same func(a, b V) bool, list *[]string) {
	all := maps.Clone(live)
	maps.Copy(all, now)
	for name := range all { // the list is sorted
		a, there := live[name]
		b, here := now[name]
		if there != here || !same(a, b) {
			*list = append(*list, fmt.Sprintf("%s: live %v (%v), here %v (%v)", name, a, there, b, here))
		}
	}
}

// mapping is what docs/link.md says becomes of things that the new network does not have as they are.
type mapping struct {
	kind    linktest.Kind
	dialect string // of translate's tables
	modes   map[byte]translate.ModeRow
	umodes  map[byte]translate.ModeRow
	// unset are the entries of lists of which it is not known who set them: hybrid's bursts do not tell. burst says that
	// those which the live network has now are of them.
	unset map[string]bool
	burst bool
	// inside are the channels on which the looker is an operator; of others it sees no key, and no exceptions.
	inside map[string]bool
}

func newMapping(kind linktest.Kind, inside []string) *mapping {
	m := &mapping{kind: kind, dialect: string(kind), modes: map[byte]translate.ModeRow{}, umodes: map[byte]translate.ModeRow{}, unset: map[string]bool{}, inside: map[string]bool{}}
	for _, row := range translate.ChannelModeTable(m.dialect) {
		m.modes[row.Letter] = row
	}
	for _, row := range translate.UserModeTable(m.dialect) {
		m.umodes[row.Letter] = row
	}
	for _, name := range inside {
		m.inside[name] = true
	}
	return m
}

// expected is what a client must see on the new network when the live one is as v says.
func (m *mapping) expected(v linktest.View) sight {
	s := newSight()
	left := map[string]bool{}   // users who are not mirrored: services (service_users = false), and ourselves
	for _, u := range v.Users { // each has names of its own
		if u.Server == linktest.ServicesName || u.Server == "gateway.example.net" {
			left[u.Nick] = true
			continue
		}
		s.facts["user "+nickHere(u.Nick)] = fmt.Sprintf("%s@%s %q away %q oper %v account %q", u.Ident, u.Host, u.Realname, u.Away, u.Oper, u.Account)
		if u.Modes != nil {
			s.facts["modes of "+nickHere(u.Nick)] = m.userModes(*u.Modes)
		}
	}
	for _, c := range v.Channels { // each has names of its own
		m.channel(&s, c, left)
	}
	return s
}

// nickHere is what becomes of the nick of who lost a collision, which is its id (rule nick_is_id).
func nickHere(nick string) string {
	if '0' <= nick[0] && nick[0] <= '9' {
		return "_" + nick
	}
	return nick
}

// userModes are those that have an equivalent.
func (m *mapping) userModes(letters string) string {
	var out []byte
	for _, l := range []byte(letters) {
		if row := m.umodes[l]; row.To != 0 {
			out = append(out, row.To)
		}
	}
	slices.Sort(out)
	return string(slices.Compact(out))
}

func (m *mapping) channel(s *sight, c linktest.ChannelView, left map[string]bool) {
	s.facts["channel "+c.Name] = fmt.Sprintf("made %d, modes %s, topic %q by %q", c.TS, m.channelModes(c.Name, c.Modes), c.Topic, topicBy(c))
	if c.Topic != "" {
		s.times["topic of "+c.Name] = c.TopicAt
	}
	for nick, status := range c.Members { // each is a thing of its own
		if !left[nick] {
			s.facts["member "+nickHere(nick)+" of "+c.Name] = status
		}
	}
	for _, e := range c.Lists {
		letter, mask := m.entry(e.Letter, e.Mask)
		if letter == "" || letter != "b" && !m.inside[c.Name] {
			continue
		}
		name := fmt.Sprintf("list %s of %s: %s", letter, c.Name, mask)
		if m.burst && m.kind == linktest.Hybrid {
			m.unset[name] = true
		}
		m.addEntry(s, name, e)
	}
}

// addEntry adds an entry of a list, with who set it and when where that is known.
func (m *mapping) addEntry(s *sight, name string, e s2s.ListEntry) {
	s.facts[name] = ""
	if !m.unset[name] {
		s.facts[name], s.times[name] = e.SetBy, e.SetAt
	}
}

func topicBy(c linktest.ChannelView) string {
	if c.Topic == "" {
		return ""
	}
	return c.TopicBy
}

// channelModes are those that have an equivalent (rules mode_none, mode_approximate, private_and_secret); a key is only
// shown to members.
func (m *mapping) channelModes(name, modes string) string {
	words := strings.Fields(modes)
	var flags, params []string
	args := words[1:]
	for _, l := range []byte(strings.TrimPrefix(words[0], "+")) {
		param := ""
		if len(args) > 0 && strings.IndexByte("klfjLH", l) >= 0 {
			param, args = args[0], args[1:]
		}
		row := m.modes[l]
		switch {
		case row.To == 0 || row.To == 'p' && strings.ContainsRune(words[0], 's'):
		case param == "":
			flags = append(flags, string(rune(row.To)))
		case l == 'k' && !m.inside[name]:
			params = append(params, "k=*")
		default:
			params = append(params, string(rune(row.To))+"="+param)
		}
	}
	slices.Sort(flags)
	slices.Sort(params)
	return strings.Join(append([]string{"+" + strings.Join(slices.Compact(flags), "")}, params...), " ")
}

// entry is what a list entry becomes (rules quiet_as_ban, mask_approximate, mask_none); "" is nothing.
func (m *mapping) entry(letter, mask string) (string, string) {
	quiet := letter == "q"
	if quiet {
		letter = "b"
	}
	for short, long := range map[string]string{"~q:": "~quiet:", "~a:": "~account:", "$m:": "~quiet:"} { // none begins another
		if rest, ok := strings.CutPrefix(mask, short); ok {
			mask = long + rest
		}
	}
	if quiet {
		mask = "~quiet:" + mask
	}
	return letter, mask
}

// look is what an operator of the new network sees of it: users by the nicks that the live network has and by all that WHO
// shows, channels that LIST shows.
func (m *mapping) look(c *linktest.Client, expected sight) sight {
	s := newSight()
	nicks := c.Everybody()
	for name := range expected.facts { // the order of questions does not matter
		if nick, ok := strings.CutPrefix(name, "user "); ok && !slices.Contains(nicks, nick) {
			nicks = append(nicks, nick)
		}
	}
	for _, nick := range nicks {
		if nick != c.Nick {
			m.lookUser(c, nick, s, expected)
		}
	}
	for _, name := range c.Channels() {
		m.lookChannel(c, name, s)
	}
	return s
}

func (m *mapping) lookUser(c *linktest.Client, nick string, s, expected sight) {
	u, ok := c.TryWhois(nick)
	if !ok {
		return
	}
	s.facts["user "+u.Nick] = fmt.Sprintf("%s@%s %q away %q oper %v account %q", u.Ident, u.Host, u.Realname, u.Away, u.Oper, u.Account)
	if _, wanted := expected.facts["modes of "+u.Nick]; wanted {
		s.facts["modes of "+u.Nick] = m.shownModes(u)
	}
}

// shownModes are the modes that WHOIS shows, of those that any mode of the live network becomes. Without an address there
// is no such line.
func (m *mapping) shownModes(u linktest.Whois) string {
	var to string
	for _, row := range m.umodes { // a set
		to += string(rune(row.To))
	}
	for _, line := range u.Lines {
		if line.Command == "379" {
			words := strings.Fields(line.Last())
			out := []byte(words[len(words)-1])
			out = slices.DeleteFunc(out, func(l byte) bool { return strings.IndexByte(to, l) < 0 })
			slices.Sort(out)
			return string(out)
		}
	}
	return "not shown"
}

func (m *mapping) lookChannel(c *linktest.Client, name string, s sight) {
	members := c.Names(name)
	delete(members, c.Nick)
	if len(members) == 0 { // only the looker is there
		return
	}
	modes, ts := c.ChannelModes(name)
	topic, by, at := c.Topic(name)
	s.facts["channel "+name] = fmt.Sprintf("made %d, modes %s, topic %q by %q", ts, shownChannelModes(modes), topic, by)
	if topic != "" {
		s.times["topic of "+name] = at
	}
	for nick, status := range members { // each is a thing of its own
		s.facts["member "+nick+" of "+name] = status
	}
	letters := "b"
	if m.inside[name] {
		letters = "beI"
	}
	for _, letter := range []byte(letters) {
		list, _ := c.List(name, letter)
		for _, e := range list {
			m.addEntry(&s, fmt.Sprintf("list %s of %s: %s", e.Letter, name, e.Mask), e)
		}
	}
}

// shownChannelModes writes a canonical mode string as channelModes does.
func shownChannelModes(modes string) string {
	words := strings.Fields(modes)
	var flags, params []string
	letters := strings.TrimPrefix(words[0], "+")
	args := words[1:]
	for i, l := range letters {
		if i >= len(letters)-len(args) { // those with a parameter are last
			params = append(params, string(l)+"="+args[i-(len(letters)-len(args))])
		} else {
			flags = append(flags, string(l))
		}
	}
	slices.Sort(flags)
	slices.Sort(params)
	return strings.Join(append([]string{"+" + strings.Join(flags, "")}, params...), " ")
}
