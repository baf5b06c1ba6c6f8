package translate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// casemapping is that of a RobustIRC network.
const casemapping = irc.RFC1459

// Mirror is what the new network holds of us, as far as we know. Where strings equal those of the model of the linked
// network they are the same memory.
type Mirror struct {
	users    map[string]*user
	nicks    map[string]*user    // by folded nick
	channels map[string]*channel // by folded name
	bans     map[string]int64    // "kind mask", and when it ends
}

func newMirror() *Mirror {
	return &Mirror{users: map[string]*user{}, nicks: map[string]*user{}, channels: map[string]*channel{}, bans: map[string]int64{}}
}

// user is one user of ours.
type user struct {
	uid  string
	nick string
	// from is the nick on the linked network that nick stands for, "" when that is not known.
	from                    string
	ident, host, ip         string
	realname, account, away string
	class                   string // of an operator, or ""
	modes                   string // sorted letters, of those that are compared
	on                      []*member
	revived                 uint8 // how often it was made again after the network had ended it
}

// mask returns nick!ident@host.
func (u *user) mask() string { return u.nick + "!" + u.ident + "@" + u.host }

// name is how a line of the gateway names the user: by uid, which in a user's command may be one only that no nick can be.
func (u *user) name(inCommand bool) string {
	if inCommand && (u.uid[0] < '0' || u.uid[0] > '9') {
		return u.nick
	}
	return u.uid
}

// channel is one channel that users of ours are on, or that is permanent.
type channel struct {
	name string // as the new network spells it
	// live is the folded name on the linked network, "" when that is not known.
	live    string
	created int64 // unknownTime, or seconds since 1970
	flags   letters
	params  []network.Param // in the order of letters
	lists   []entry
	topic   network.Topic
	members []*member
	// listed says that the lists have been settled once.
	listed bool
}

// unknownTime is a time of creation that only the new network knows.
const unknownTime = -1

// entry is one entry of a list.
type entry struct {
	letter byte
	mask   string // as the new network spells it
	setter string
	at     int64
}

// key is what an entry means: two with one key are the same.
func (e *entry) key() string { return string([]byte{e.letter}) + maskKey(e.mask) }

// member is one user on one channel.
type member struct {
	user              *user
	channel           *channel
	status            network.Status
	inUser, inChannel int32 // places in user.on and channel.members
}

// unknownStatus is what a member has of whom the new network's rules decided.
const unknownStatus network.Status = 1 << 7

// letters is a set of mode letters.
type letters uint64

func letterBit(c byte) letters {
	switch {
	case 'A' <= c && c <= 'Z':
		return 1 << (c - 'A')
	case 'a' <= c && c <= 'z':
		return 1 << (c - 'a' + 26)
	}
	return 0
}

func parseLetters(s string) (set letters) {
	for i := range len(s) {
		set |= letterBit(s[i])
	}
	return set
}

func (l letters) has(c byte) bool { return l&letterBit(c) != 0 }

func (l letters) String() string {
	var b []byte
	for c := byte('A'); c <= 'z'; c++ {
		if l.has(c) {
			b = append(b, c)
		}
	}
	return string(b)
}

// Sizes returns how many users, channels and memberships there are.
func (m *Mirror) Sizes() (users, channels, memberships int) {
	for _, u := range m.users { // order does not matter: a sum
		memberships += len(u.on)
	}
	return len(m.users), len(m.channels), memberships
}

func (m *Mirror) addUser(u *user) {
	m.users[u.uid] = u
	m.nicks[casemapping.Fold(u.nick)] = u
}

// rename gives a user a nick; who had it is found under its own from then on.
func (m *Mirror) rename(u *user, nick string) {
	if m.nicks[casemapping.Fold(u.nick)] == u {
		delete(m.nicks, casemapping.Fold(u.nick))
	}
	u.nick = nick
	m.nicks[casemapping.Fold(nick)] = u
}

// removeUser removes a user, and returns the channels that are gone with it.
func (m *Mirror) removeUser(u *user) (gone []*channel) {
	for len(u.on) > 0 {
		if c := u.on[len(u.on)-1]; m.leave(c) {
			gone = append(gone, c.channel)
		}
	}
	delete(m.users, u.uid)
	if m.nicks[casemapping.Fold(u.nick)] == u {
		delete(m.nicks, casemapping.Fold(u.nick))
	}
	return gone
}

func (m *Mirror) addChannel(name string) *channel {
	c := &channel{name: name, created: unknownTime}
	m.channels[casemapping.Fold(name)] = c
	return c
}

// permanent is the mode of a channel that stays without members.
const permanent = 'P'

// leave ends a membership, and the channel with its last. It reports whether the channel is gone.
func (m *Mirror) leave(x *member) bool {
	u, c := x.user, x.channel
	last := u.on[len(u.on)-1]
	last.inUser, u.on[x.inUser] = x.inUser, last
	u.on[len(u.on)-1] = nil
	u.on = u.on[:len(u.on)-1]
	last = c.members[len(c.members)-1]
	last.inChannel, c.members[x.inChannel] = x.inChannel, last
	c.members[len(c.members)-1] = nil
	c.members = c.members[:len(c.members)-1]
	if len(c.members) > 0 || c.flags.has(permanent) {
		return false
	}
	delete(m.channels, casemapping.Fold(c.name))
	return true
}

func (m *Mirror) enter(u *user, c *channel, s network.Status) *member {
	x := &member{user: u, channel: c, status: s, inUser: int32(len(u.on)), inChannel: int32(len(c.members))}
	u.on = append(u.on, x)
	c.members = append(c.members, x)
	return x
}

// member finds a membership, looking where there are fewer.
func (m *Mirror) member(u *user, c *channel) *member {
	list := u.on
	if len(c.members) < len(list) {
		list = c.members
	}
	for _, x := range list {
		if x.user == u && x.channel == c {
			return x
		}
	}
	return nil
}

// modeWords returns "+ntk" and its parameters.
func (c *channel) modeWords() []string {
	s := "+" + c.flags.String()
	words := []string{""}
	for _, p := range c.params {
		s += string([]byte{p.Letter})
		words = append(words, p.Value)
	}
	words[0] = s
	return words
}

func (c *channel) param(letter byte) string {
	for _, p := range c.params {
		if p.Letter == letter {
			return p.Value
		}
	}
	return ""
}

// setParam sets a parameter, or with "" takes the mode away.
func (c *channel) setParam(letter byte, value string) {
	i, found := slices.BinarySearchFunc(c.params, letter, func(p network.Param, l byte) int { return cmp.Compare(p.Letter, l) })
	switch {
	case value == "" && found:
		c.params = slices.Delete(c.params, i, i+1)
	case value == "":
	case found:
		c.params[i].Value = value
	default:
		c.params = slices.Insert(c.params, i, network.Param{Letter: letter, Value: value})
	}
}

// findEntry returns the place of an entry that means the same, or -1.
func (c *channel) findEntry(letter byte, mask string) int {
	key := maskKey(mask)
	return slices.IndexFunc(c.lists, func(e entry) bool { return e.letter == letter && maskKey(e.mask) == key })
}

// Dump returns the whole mirror as text, one thing a line, equal for equal states. Channels that are empty are left out, as
// the network leaves them out of what it tells.
func (m *Mirror) Dump() string {
	var b strings.Builder
	for _, uid := range sortedKeys(m.users) {
		u := m.users[uid]
		fmt.Fprintf(&b, "user %s %s!%s@%s ip=%s account=%s class=%s modes=%s real=%q away=%q\n",
			uid, u.nick, u.ident, u.host, u.ip, u.account, u.class, u.modes, u.realname, u.away)
	}
	for _, name := range sortedKeys(m.channels) {
		if c := m.channels[name]; len(c.members) > 0 {
			c.dump(&b)
		}
	}
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order does not matter: they are sorted
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (c *channel) dump(b *strings.Builder) {
	fmt.Fprintf(b, "channel %s created=%d modes=+%s", c.name, c.created, c.flags)
	for _, p := range c.params {
		if p.Letter == 'f' {
			p.Value = casemapping.Fold(p.Value)
		}
		b.WriteString(" " + string([]byte{p.Letter}) + "=" + p.Value)
	}
	b.WriteString("\n")
	if c.topic.Text != "" {
		fmt.Fprintf(b, "  topic %s %d %q\n", c.topic.Setter, c.topic.SetAt, c.topic.Text)
	}
	lists := slices.SortedFunc(slices.Values(c.lists), func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.letter, b.letter), cmp.Compare(maskKey(a.mask), maskKey(b.mask)))
	})
	for _, e := range lists {
		b.WriteString("  list +" + string([]byte{e.letter}) + " " + e.mask + " " + e.setter + " " + strconv.FormatInt(e.at, 10) + "\n")
	}
	members := slices.SortedFunc(slices.Values(c.members), func(a, b *member) int { return cmp.Compare(a.user.uid, b.user.uid) })
	for _, x := range members {
		b.WriteString("  member " + x.user.uid + " " + x.status.String() + "\n")
	}
}
