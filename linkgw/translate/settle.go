package translate

import (
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

func s2sUID(uid string) s2s.UID { return s2s.UID(uid) }

func foldName(s string) string { return irc.ASCII.Fold(s) }

// maxTime is the last time that the new network takes, in seconds since 1970: in the year 2242.
const maxTime = 1 << 33

// fitTime is a time that the new network takes.
func fitTime(n int64) int64 { return min(max(n, 0), maxTime) }

func seconds(n int64) string { return strconv.FormatInt(n, 10) }

// star stands for what is not there.
func star(s string) string {
	if s == "" {
		return "*"
	}
	return s
}

// settleUser makes a user as it should be, and says why it is none.
func (t *Translator) settleUser(u *network.User) (*user, Reason) {
	if why := t.leftOut(u); why != "" {
		return nil, why
	}
	m := t.mirror.users[string(u.UID)]
	if m == nil {
		return t.introduce(u), ""
	}
	t.settleNick(m, u)
	t.settleIdentity(m, u)
	return m, ""
}

// ensureUser returns who a user is on the new network, and makes it first where an import has not come to it yet.
func (t *Translator) ensureUser(u *network.User) (*user, Reason) {
	if m := t.mirror.users[string(u.UID)]; m != nil {
		return m, ""
	}
	if t.liveUser(string(u.UID)) != u {
		return nil, Void
	}
	return t.settleUser(u)
}

// introduce makes a new user.
func (t *Translator) introduce(u *network.User) *user {
	w, why := t.wantIdentity(u)
	set := why.all()
	m := &user{uid: string(u.UID)}
	m.nick = t.nickFor(u, nil, &set)
	m.from, m.ident, m.host, m.ip, m.realname = u.Nick, w.ident, w.host, w.ip, w.realname
	m.account, m.class, m.modes = w.account, w.class, w.modes
	t.mirror.addUser(m)
	t.effectText(m.uid, "USER", set, m.realname, m.uid, m.nick, m.ident, m.host, m.ip, seconds(fitTime(u.TS)), star(m.account), star(m.class), "+"+m.modes)
	t.settleAway(m, w.away, why.away)
	return m
}

func (t *Translator) settleNick(m *user, u *network.User) {
	var set rules
	nick := t.nickFor(u, m, &set)
	m.from = u.Nick
	if nick != m.nick {
		t.mirror.rename(m, nick)
		t.effect(m.uid, "NICK", set, m.uid, nick)
	}
}

func (t *Translator) settleIdentity(m *user, u *network.User) {
	w, why := t.wantIdentity(u)
	if w.ident != m.ident || w.host != m.host || w.ip != m.ip {
		m.ident, m.host, m.ip = w.ident, w.host, w.ip
		t.effect(m.uid, "HOST", why.host, m.uid, m.ident, m.host, m.ip)
	}
	if w.realname != m.realname {
		m.realname = w.realname
		t.effectText(m.uid, "REALNAME", why.realname, m.realname, m.uid)
	}
	if w.account != m.account {
		m.account = w.account
		t.effect(m.uid, "ACCOUNT", why.account, m.uid, star(m.account))
	}
	if w.class != m.class {
		m.class = w.class
		t.effect(m.uid, "CLASS", why.class, m.uid, star(m.class))
	}
	if w.modes != m.modes {
		change := modeDifference(m.modes, w.modes)
		m.modes = w.modes
		t.effect(m.uid, "UMODE", why.modes, m.uid, change)
	}
	t.settleAway(m, w.away, why.away)
}

func (t *Translator) settleAway(m *user, away string, set rules) {
	switch {
	case away == m.away:
		return
	case away == "":
		t.effect(m.uid, "AWAY", set, m.uid)
	default:
		t.effectText(m.uid, "AWAY", set, away, m.uid)
	}
	m.away = away
}

// modeDifference writes what leads from one set of letters to another: "+iw-D".
func modeDifference(from, to string) string {
	a, b := parseLetters(from), parseLetters(to)
	s := ""
	if add := b &^ a; add != 0 {
		s = "+" + add.String()
	}
	if remove := a &^ b; remove != 0 {
		s += "-" + remove.String()
	}
	return s
}

// settleChannel makes a channel of the mirror as it should be, members aside.
func (t *Translator) settleChannel(ch *channel, c *network.Channel, by string) {
	t.settleModes(ch, c, by)
	t.settleLists(ch, c)
	t.settleTopic(ch, c)
}

func (t *Translator) settleModes(ch *channel, c *network.Channel, by string) {
	var set rules
	w := t.wantModes(c, &set)
	created := fitTime(c.TS)
	if ch.created == created && ch.flags == w.flags && sameParams(ch.params, w.params) {
		return
	}
	ch.created, ch.flags, ch.params = created, w.flags, w.params
	words := append([]string{ch.name, seconds(created), by}, ch.modeWords()...)
	t.emit(draft{kind: Effect, verb: "CHANNEL", words: words, secret: ch.param('k'), rules: set})
}

// settleLists makes the lists of a channel as they should be, with setters and times.
func (t *Translator) settleLists(ch *channel, c *network.Channel) {
	if len(ch.lists) == 0 && len(c.Lists()) == 0 {
		return
	}
	want, why, left := t.wantLists(c)
	if !ch.listed {
		t.count(left) // those of later changes are counted with them
		ch.listed = true
	}
	wanted, have := map[string]bool{}, map[string]entry{}
	for i := range want {
		wanted[want[i].key()] = true
	}
	for _, e := range ch.lists {
		have[e.key()] = e
		if !wanted[e.key()] {
			t.settleEntry(ch, "-", e, 0)
		}
	}
	for i := range want {
		e := &want[i]
		is, ok := have[e.key()]
		if ok {
			e.mask = is.mask // in the spelling that it was set with
		}
		if !ok || is != *e {
			t.settleEntry(ch, "+", *e, why[i])
		}
	}
	ch.lists = want
}

func (t *Translator) settleEntry(ch *channel, sign string, e entry, set rules) {
	t.effect("", "ENTRY", set, ch.name, sign+string([]byte{e.letter}), e.mask, e.setter, seconds(e.at))
}

func (t *Translator) settleTopic(ch *channel, c *network.Channel) {
	var set rules
	want := t.wantTopic(c, &set)
	if want == ch.topic {
		return
	}
	ch.topic = want
	t.effectText("", "TOPIC", set, want.Text, ch.name, star(want.Setter), seconds(want.SetAt))
}

// settleMember makes a user's membership of a channel as it should be.
func (t *Translator) settleMember(m *user, ch *channel, c *network.Channel, s network.Status) {
	var set rules
	s = t.wantStatus(s, &set)
	x := t.mirror.member(m, ch)
	if x != nil && x.status == s {
		return
	}
	if x == nil {
		t.mirror.enter(m, ch, s)
	} else {
		x.status = s
	}
	t.effect(m.uid, "MEMBERS", set, ch.name, seconds(fitTime(c.TS)), s.String()+","+m.uid)
}

// settleMembers makes a channel's members as they should be: who is there and should not be leaves, and all others enter
// with their statuses, many in a line. It returns the channel, or nil when it should not be there.
func (t *Translator) settleMembers(c *network.Channel) *channel {
	var set rules
	ch, name := t.find(c, &set)
	if ch != nil {
		t.removeStrangers(ch, c)
		if ch = t.bound[t.liveKey(c.Name)]; ch != nil {
			name = ch.name
		}
	}
	batch := memberBatch{t: t, c: c, ch: ch, name: name, set: set}
	for _, x := range sortedMembers(c) {
		batch.add(x)
	}
	batch.flush()
	return batch.ch
}

// sortedMembers returns the members of a channel by UID, so that equal states give equal lines.
func sortedMembers(c *network.Channel) []*network.Member {
	list := slices.Clone(c.Members())
	slices.SortFunc(list, func(a, b *network.Member) int { return strings.Compare(string(a.User.UID), string(b.User.UID)) })
	return list
}

// removeStrangers lets those leave a channel who are not on it.
func (t *Translator) removeStrangers(ch *channel, c *network.Channel) {
	var gone []*member
	for _, x := range ch.members {
		if u := t.liveUser(x.user.uid); u == nil || t.net.Member(u, c) == nil {
			gone = append(gone, x)
		}
	}
	t.partAll(gone)
}

// partAll takes members off their channels.
func (t *Translator) partAll(list []*member) {
	slices.SortFunc(list, func(a, b *member) int { return strings.Compare(a.user.uid, b.user.uid) })
	for _, x := range list {
		t.effect(x.user.uid, "PARTED", 0, x.channel.name, x.user.uid)
		t.leave(x)
	}
}

// leave ends a membership in the mirror.
func (t *Translator) leave(x *member) {
	if t.mirror.leave(x) {
		t.unbind(x.channel)
	}
}

func (t *Translator) unbind(ch *channel) {
	if t.bound[ch.live] == ch {
		delete(t.bound, ch.live)
	}
}

// makeChannel makes a channel of the mirror, bound to c.
func (t *Translator) makeChannel(c *network.Channel, name string) *channel {
	ch := t.mirror.addChannel(strings.Clone(name))
	t.bind(ch, t.liveKey(c.Name))
	return ch
}

// memberBatch gathers members of one channel into lines.
type memberBatch struct {
	t    *Translator
	c    *network.Channel
	ch   *channel
	name string
	set  rules
	size int
	list []string
}

func (b *memberBatch) add(x *network.Member) {
	m, _ := b.t.ensureUser(x.User)
	if m == nil {
		return
	}
	s := b.t.wantStatus(x.Status, &b.set)
	var is *member
	if b.ch != nil {
		is = b.t.mirror.member(m, b.ch)
	}
	switch {
	case is != nil && is.status == s:
		return
	case is != nil:
		is.status = s
	default:
		if b.ch == nil {
			b.ch = b.t.makeChannel(b.c, b.name)
		}
		b.t.mirror.enter(m, b.ch, s)
	}
	word := s.String() + "," + m.uid
	if b.size+len(word)+1 > b.t.limits.LineLen-len("MEMBERS  ")-len(b.ch.name)-20 {
		b.flush()
	}
	b.list = append(b.list, word)
	b.size += len(word) + 1
}

func (b *memberBatch) flush() {
	if len(b.list) == 0 {
		return
	}
	b.t.effect("", "MEMBERS", b.set, append([]string{b.ch.name, seconds(fitTime(b.c.TS))}, b.list...)...)
	b.list, b.size, b.set = nil, 0, 0
}
