package translate

import (
	"cmp"
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// channelChange translates what is about channels.
func (t *Translator) channelChange(c network.Change) (Reason, bool) {
	switch c := c.(type) {
	case network.Joined:
		return t.joined(c), true
	case network.Parted:
		return t.parted(c), true
	case network.Kicked:
		return t.kicked(c), true
	case network.ModesChanged:
		return t.modesChanged(c), true
	case network.TopicChanged:
		return t.topicChanged(c), true
	case network.ChannelAged:
		return t.aged(c), true
	case network.ChannelDestroyed:
		return t.destroyed(c), true
	case network.ChannelCreated:
		return Void, true // it comes with its first member
	case network.LockChanged:
		return NoEquivalent, true
	}
	return "", false
}

// joined is a user's JOIN, with the key that let it in; while its server bursts, and of services, an effect.
func (t *Translator) joined(c network.Joined) Reason {
	live := t.net.Member(c.User, c.Channel)
	if live == nil {
		return Void
	}
	if t.isLeftOut(c.Channel) {
		return OutOfScope
	}
	m, why := t.ensureUser(c.User)
	if m == nil {
		return why
	}
	var set rules
	ch, name := t.find(c.Channel, &set)
	if t.acts(c.User) && synced(c.User) && (ch == nil || t.mirror.member(m, ch) == nil) {
		ch = t.join(m, ch, c.Channel, name, set)
	}
	if ch == nil {
		ch = t.makeChannel(c.Channel, name)
	}
	t.settleMember(m, ch, c.Channel, live.Status)
	switch {
	case ch.created != unknownTime:
	case ch.flags == foundedFlags && c.Channel.Flags() == 0 && len(c.Channel.Params()) == 0:
		t.founded = c.Channel
	default:
		t.settleChannel(ch, c.Channel, "*")
	}
	return ""
}

// foundedFlags are the modes that the new network gives a channel that somebody founds.
var foundedFlags = parseLetters("nt")

// join emits JOIN. What the new network gives to who founds a channel is for it to say, and is settled.
func (t *Translator) join(m *user, ch *channel, c *network.Channel, name string, set rules) *channel {
	d := draft{kind: Command, uid: m.uid, verb: "JOIN", words: []string{name}, rules: set}
	if ch != nil {
		if d.secret = ch.param('k'); d.secret != "" {
			d.words = append(d.words, d.secret)
		}
	}
	t.emit(d)
	if ch != nil {
		t.mirror.enter(m, ch, 0)
		return ch
	}
	ch = t.makeChannel(c, name)
	ch.flags = foundedFlags
	t.mirror.enter(m, ch, unknownStatus)
	return ch
}

// membership finds a membership of the mirror, or says why there is none.
func (t *Translator) membership(u *network.User, c *network.Channel) (*member, Reason) {
	m := t.mirror.users[string(u.UID)]
	if m == nil {
		return nil, cmp.Or(t.leftOut(u), Void)
	}
	ch := t.bound[t.liveKey(c.Name)]
	if ch == nil {
		if t.isLeftOut(c) {
			return nil, OutOfScope
		}
		return nil, Void
	}
	if x := t.mirror.member(m, ch); x != nil {
		return x, ""
	}
	return nil, Void
}

func (t *Translator) parted(c network.Parted) Reason {
	x, why := t.membership(c.User, c.Channel)
	if x == nil {
		return why
	}
	var set rules
	reason := cut(c.Reason, t.limits.KickLen, &set)
	switch acts := t.acts(c.User); {
	case acts && reason == "":
		t.command(x.user, "PART", set, x.channel.name)
	case acts:
		t.commandText(x.user, "PART", set, reason, x.channel.name)
	case reason == "":
		t.effect(x.user.uid, "PARTED", set, x.channel.name, x.user.uid)
	default:
		t.effectText(x.user.uid, "PARTED", set, reason, x.channel.name, x.user.uid)
	}
	t.leave(x)
	return ""
}

// kicked is a KICK of the member who did it, if a member with a rank did; else it was a server, services or an operator.
func (t *Translator) kicked(c network.Kicked) Reason {
	x, why := t.membership(c.User, c.Channel)
	if x == nil {
		return why
	}
	var set rules
	reason := cut(c.Reason, t.limits.KickLen, &set)
	if actor := t.actor(c.By, x.channel, true); actor != nil && reason != "" {
		t.commandText(actor, "KICK", set, reason, x.channel.name, x.user.name(true))
	} else {
		t.effectText(x.user.uid, "KICK", set, reason, x.channel.name, x.user.uid, t.by(c.By))
	}
	t.leave(x)
	return ""
}

// actor returns the user who does something to a channel as its member, or nil: who is no member is an operator of the
// network, and so is one who has no rank where that is needed.
func (t *Translator) actor(by network.Source, ch *channel, ranked bool) *user {
	if by.User == nil || !t.acts(by.User) {
		return nil
	}
	m := t.mirror.users[string(by.User.UID)]
	x := t.mirror.member(m, ch)
	switch {
	case x == nil:
		return nil
	case ranked && by.User.HasMode('o') && x.status&network.ParseStatus("qaoh") == 0:
		return nil
	}
	return m
}

// modesChanged is a MODE of the member who changed them, or of whoever else did, and then whatever is still different.
func (t *Translator) modesChanged(c network.ModesChanged) Reason {
	t.countUnmapped(c.Modes)
	if why, done := t.hiddenChanged(c.Channel); done {
		return why
	}
	ch := t.bound[t.liveKey(c.Channel.Name)]
	if ch == nil {
		return Void // with its first member it gets its modes
	}
	e := modeEdit{t: t, ch: ch, c: c.Channel, actor: t.actor(c.By, ch, true), by: t.by(c.By)}
	var ignored rules // of the modes that are not changed
	e.want = t.wantModes(c.Channel, &ignored)
	for _, change := range c.Modes {
		e.add(change)
	}
	e.flush()
	t.settleModes(ch, c.Channel, e.by)
	if e.statuses {
		t.settleStatuses(ch, c)
	}
	if e.lists {
		t.settleLists(ch, c.Channel)
	}
	t.dropEmpty(ch)
	if len(t.ops) == 0 && e.none {
		return NoEquivalent
	}
	return ""
}

// hiddenChanged takes a channel out of the mirror when it is left out now, and takes it in when it no longer is.
func (t *Translator) hiddenChanged(c *network.Channel) (Reason, bool) {
	if !t.cfg.LeaveOutHidden && len(t.filter.channels) == 0 {
		return "", false
	}
	ch := t.bound[t.liveKey(c.Name)]
	switch out := t.isLeftOut(c); {
	case out && ch == nil:
		return OutOfScope, true
	case out:
		t.partAll(slices.Clone(ch.members))
		return "", true
	case ch == nil && t.net.Channel(c.Name) == c:
		if ch = t.settleMembers(c); ch != nil {
			t.settleChannel(ch, c, "*")
		}
		return "", true
	}
	return "", false
}

// settleStatuses settles those members whose statuses were changed.
func (t *Translator) settleStatuses(ch *channel, c network.ModesChanged) {
	for _, change := range c.Modes {
		if change.User == nil {
			continue
		}
		m, live := t.mirror.users[string(change.User.UID)], t.net.Member(change.User, c.Channel)
		if m != nil && live != nil && t.mirror.member(m, ch) != nil {
			t.settleMember(m, ch, c.Channel, live.Status)
		}
	}
}

// dropEmpty forgets a channel that was permanent, and is not any more.
func (t *Translator) dropEmpty(ch *channel) {
	if len(ch.members) > 0 || ch.flags.has(permanent) {
		return
	}
	delete(t.mirror.channels, casemapping.Fold(ch.name))
	t.unbind(ch)
}

// countUnmapped counts the changes of modes that have no equivalent, by letter.
func (t *Translator) countUnmapped(list []network.ModeChange) {
	for _, change := range list {
		spec := t.net.Modes()
		class := spec.Class(change.Letter)
		if class == irc.ModePrefix || class == irc.ModeList || t.cmodes.row(change.Letter).To != 0 {
			continue
		}
		if key := string([]byte{change.Letter}); len(t.unmapped) < 256 {
			t.unmapped[key]++
		}
	}
}

// modeEdit is a change of modes on its way: those of its changes that make a difference to the mirror, in their order.
type modeEdit struct {
	t     *Translator
	ch    *channel
	c     *network.Channel
	actor *user // whose command it is, or nil
	by    string
	want  modes
	set   rules
	done  []irc.ModeChange
	// statuses and lists say that there was such a change; none, that one has no equivalent.
	statuses, lists, none bool
	secret                string
}

func (e *modeEdit) add(change network.ModeChange) {
	spec := e.t.net.Modes()
	switch spec.Class(change.Letter) {
	case irc.ModePrefix:
		e.status(change)
	case irc.ModeList:
		e.entry(change)
	case irc.ModeFlag:
		e.flag(change)
	default:
		e.param(change)
	}
}

// status changes a member's status, where the new network offers it; else it is settled.
func (e *modeEdit) status(change network.ModeChange) {
	e.statuses = true
	if change.User == nil || e.t.limits.modes.Class(change.Letter) != irc.ModePrefix {
		return
	}
	m := e.t.mirror.users[string(change.User.UID)]
	if m == nil {
		return
	}
	bit := network.ParseStatus(string([]byte{change.Letter}))
	x := e.t.mirror.member(m, e.ch)
	if x == nil || (x.status&bit != 0) == change.Add {
		return
	}
	x.status ^= bit
	e.done = append(e.done, irc.ModeChange{Add: change.Add, Mode: change.Letter, Param: m.name(e.actor != nil), HasParam: true})
}

// entry changes a list, as long as there is room.
func (e *modeEdit) entry(change network.ModeChange) {
	e.lists = true
	var set rules
	letter, mask, ok := e.t.mapEntry(change.Letter, change.Param, &set)
	if !ok {
		e.none = true
		e.t.count(set)
		return
	}
	at := e.ch.findEntry(letter, mask)
	switch {
	case change.Add == (at >= 0):
		return
	case !change.Add:
		mask = e.ch.lists[at].mask
		e.ch.lists = slices.Delete(e.ch.lists, at, at+1)
	case countEntries(e.ch.lists, letter) >= e.t.limits.ListEntries:
		e.t.count(1 << ListFull)
		e.none = true
		return
	default:
		e.ch.lists = append(e.ch.lists, e.newEntry(letter, strings.Clone(mask), change.Letter, change.Param))
	}
	e.set |= set
	e.done = append(e.done, irc.ModeChange{Add: change.Add, Mode: letter, Param: mask, HasParam: true})
}

// newEntry is what the new network makes of a new entry: its setter is who did it, and its time is now.
func (e *modeEdit) newEntry(letter byte, mask string, liveLetter byte, liveMask string) entry {
	made := entry{letter: letter, mask: mask, setter: e.by, at: unknownTime}
	if e.t.behind {
		return made
	}
	for _, live := range e.c.Lists() {
		if live.Letter[0] == liveLetter && live.Mask == liveMask {
			made.at = fitTime(live.SetAt)
		}
	}
	return made
}

func countEntries(list []entry, letter byte) (n int) {
	for _, e := range list {
		if e.letter == letter {
			n++
		}
	}
	return n
}

// flag changes a mode without parameter if that leads to what the channel should have; else it is settled.
func (e *modeEdit) flag(change network.ModeChange) {
	row := e.t.cmodes.row(change.Letter)
	to := row.To
	if to == 0 {
		e.none = true
		e.t.count(1 << ModeNone)
		return
	}
	if e.ch.flags.has(to) == change.Add || e.want.flags.has(to) != change.Add {
		return
	}
	if row.Quality == Approximate {
		e.set.add(ModeApproximate)
	}
	e.ch.flags ^= letterBit(to)
	if change.Add && to == 's' {
		e.ch.flags &^= letterBit('p')
	}
	if change.Add && to == 'p' {
		e.ch.flags &^= letterBit('s')
	}
	e.done = append(e.done, irc.ModeChange{Add: change.Add, Mode: to})
}

// param changes a mode with a parameter in the same way.
func (e *modeEdit) param(change network.ModeChange) {
	to := e.t.cmodes.row(change.Letter).To
	if to == 0 {
		e.none = true
		e.t.count(1 << ModeNone)
		return
	}
	var set rules
	value, is := "", e.ch.param(to)
	if change.Add {
		_, value, _ = e.t.wantParam(e.c, network.Param{Letter: change.Letter, Value: change.Param}, &set)
		if value == "" {
			e.none = true
			e.t.count(set)
			return
		}
	}
	if sameValue(to, value, is) || value != e.want.param(to) {
		return
	}
	e.set |= set
	e.ch.setParam(to, value)
	if to == 'k' {
		e.secret = value
		if value == "" {
			e.secret = is
		}
	}
	made := irc.ModeChange{Add: change.Add, Mode: to, Param: value, HasParam: change.Add}
	if !change.Add && to == 'k' {
		made.Param, made.HasParam = is, true
	}
	e.done = append(e.done, made)
}

// modesPerLine is how many parameters one MODE of a user has.
const modesPerLine = 6

// flush writes the changes, in as many lines as they need. The existing network asks once for a line whether its sender
// may change modes, this one before each change: what follows when the sender has given up a status is an effect.
func (e *modeEdit) flush() {
	if at := e.resigned(); at < len(e.done) {
		rest := slices.Clone(e.done[at:])
		e.done = e.done[:at]
		e.write()
		e.done, e.actor = rest, nil
	}
	e.write()
}

// resigned is how many changes there are up to the one by which the sender gives up a status of its own.
func (e *modeEdit) resigned() int {
	for i, c := range e.done {
		if e.actor != nil && !c.Add && e.t.limits.modes.Class(c.Mode) == irc.ModePrefix && c.Param == e.actor.name(true) {
			return i + 1
		}
	}
	return len(e.done)
}

func (e *modeEdit) write() {
	if len(e.done) == 0 {
		return
	}
	room := e.t.limits.LineLen - len(": MODE   ") - len(e.ch.name) - max(len(e.by), 12)
	for _, line := range irc.FormatModes(e.done, modesPerLine, room) {
		words := append([]string{e.ch.name}, strings.Split(line, " ")...)
		d := draft{kind: Command, verb: "MODE", words: words, rules: e.set, secret: e.secret}
		if e.actor != nil {
			d.uid = e.actor.uid
		} else {
			d.kind, d.words = Effect, slices.Insert(words, 1, e.by)
		}
		e.t.emit(d)
		e.set = 0
	}
}

// topicChanged is a member's TOPIC, and then its setter and time as they are there.
func (t *Translator) topicChanged(c network.TopicChanged) Reason {
	ch := t.bound[t.liveKey(c.Channel.Name)]
	if ch == nil {
		if t.isLeftOut(c.Channel) {
			return OutOfScope
		}
		return Void
	}
	var set rules
	want := t.wantTopic(c.Channel, &set)
	ranked := ch.flags.has('t')
	if m := t.actor(c.By, ch, ranked); m != nil && want.Text != ch.topic.Text {
		t.commandText(m, "TOPIC", set, want.Text, ch.name)
		ch.topic = network.Topic{Text: want.Text, Setter: m.nick, SetAt: want.SetAt}
		if t.behind {
			ch.topic.SetAt = unknownTime
		}
		if want.Text == "" {
			ch.topic = network.Topic{}
		}
	} else if c.By.User != nil && want.Text != "" && want.Text != ch.topic.Text {
		// Its setter as it is noted may be a bare nick; who sees the change is shown the whole source.
		ch.topic = network.Topic{Text: want.Text, Setter: t.by(c.By), SetAt: want.SetAt}
		t.effectText("", "TOPIC", set, want.Text, ch.name, ch.topic.Setter, seconds(want.SetAt))
	}
	t.settleTopic(ch, c.Channel)
	return ""
}

// aged is a channel with another time of creation.
func (t *Translator) aged(c network.ChannelAged) Reason {
	ch := t.bound[t.liveKey(c.Channel.Name)]
	if ch == nil {
		if t.isLeftOut(c.Channel) {
			return OutOfScope
		}
		return Void
	}
	t.settleModes(ch, c.Channel, "*")
	return ""
}

// destroyed ends a channel that was permanent, and is empty.
func (t *Translator) destroyed(c network.ChannelDestroyed) Reason {
	ch := t.bound[t.liveKey(c.Channel.Name)]
	if ch == nil {
		return Void
	}
	t.partAll(slices.Clone(ch.members)) // nobody, unless what came before was lost
	if t.bound[ch.live] == ch {
		t.endPermanent(ch)
	}
	return ""
}

// endPermanent ends a channel that is empty, by taking away what makes it stay.
func (t *Translator) endPermanent(ch *channel) {
	ch.flags &^= letterBit(permanent)
	words := append([]string{ch.name, seconds(fitTime(ch.created)), "*"}, ch.modeWords()...)
	t.emit(draft{kind: Effect, verb: "CHANNEL", words: words, secret: ch.param('k')})
	t.dropEmpty(ch)
}
