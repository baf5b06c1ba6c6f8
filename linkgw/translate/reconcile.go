package translate

import (
	"slices"
	"strings"

	"robustirc/linkgw/network"
)

// Import is a walk over the whole model that makes the new network equal to it, a batch at a time.
//
// The order is fixed: users gone; channels that are no more; users, new ones and those of whom something differs; channels,
// each with members, modes, lists and topic; network bans. Events may be translated between two batches: what they touch
// is settled on the spot.
type Import struct {
	t        *Translator
	gone     []string
	stale    []*channel
	uids     []string
	channels []string
	unban    []string
	bans     []*network.Ban
}

// Reconcile begins an import of the model as it is: the first one, after a gap, or after a restart once the network has told
// what it has. From now on events are translated.
func (t *Translator) Reconcile() *Import {
	t.live = true
	i := &Import{t: t, channels: t.net.ChannelNames()}
	for _, uid := range t.net.UIDs() {
		i.uids = append(i.uids, string(uid))
	}
	for _, uid := range sortedKeys(t.mirror.users) {
		if u := t.liveUser(uid); u == nil || t.leftOut(u) != "" {
			i.gone = append(i.gone, uid)
		}
	}
	for _, name := range i.channels {
		var set rules
		if c := t.net.Channel(name); !t.isLeftOut(c) {
			t.find(c, &set) // which ties channels that the network told of to those of the model
		}
	}
	for _, name := range sortedKeys(t.mirror.channels) {
		ch := t.mirror.channels[name]
		if c := t.net.Channel(ch.live); ch.live == "" || c == nil || t.isLeftOut(c) {
			i.stale = append(i.stale, ch)
		}
	}
	if t.cfg.Bans {
		i.bans = t.net.Bans()
		i.unban = t.strayBans(i.bans)
	}
	return i
}

// strayBans returns the bans of the mirror that are none of those.
func (t *Translator) strayBans(bans []*network.Ban) (stray []string) {
	live := map[string]bool{}
	for _, b := range bans {
		if kind, mask, ok := banMask(b); ok {
			live[kind+" "+mask] = true
		}
	}
	for _, key := range sortedKeys(t.mirror.bans) {
		if !live[key] {
			stray = append(stray, key)
		}
	}
	return stray
}

// Next returns the next operations, about as many as wanted: a channel is not divided. It returns none when the import is
// done. The slice is valid until the next call of the Translator.
func (i *Import) Next(wanted int) []Op {
	t := i.t
	t.begin(RootImport)
	for len(t.ops) < max(wanted, 1) && i.step() {
	}
	return t.ops
}

// step settles one thing, and reports whether there was one left.
func (i *Import) step() bool {
	switch {
	case len(i.gone) > 0:
		i.letGo()
	case len(i.stale) > 0:
		i.empty(i.stale[0])
		i.stale = i.stale[1:]
	case len(i.uids) > 0:
		if u := i.t.liveUser(i.uids[0]); u != nil {
			i.t.settleUser(u)
		}
		i.uids = i.uids[1:]
	case len(i.channels) > 0:
		i.channel(i.channels[0])
		i.channels = i.channels[1:]
	case len(i.unban) > 0:
		kind, mask, _ := strings.Cut(i.unban[0], " ")
		if _, ok := i.t.mirror.bans[i.unban[0]]; ok {
			i.t.liftBan(kind, mask)
		}
		i.unban = i.unban[1:]
	case len(i.bans) > 0:
		i.t.settleBan(i.bans[0])
		i.bans = i.bans[1:]
	default:
		return false
	}
	return true
}

// letGo ends the sessions of up to a hundred users who are gone.
func (i *Import) letGo() {
	n := min(len(i.gone), 100)
	var list []*user
	for _, uid := range i.gone[:n] {
		u := i.t.liveUser(uid)
		if m := i.t.mirror.users[uid]; m != nil && (u == nil || i.t.leftOut(u) != "") {
			list = append(list, m)
		}
	}
	i.gone = i.gone[n:]
	i.t.allGone(list, i.t.cfg.GapReason)
}

// empty takes everybody off a channel that is no more.
func (i *Import) empty(ch *channel) {
	if c := i.t.net.Channel(ch.live); i.t.mirror.channels[casemapping.Fold(ch.name)] != ch || ch.live != "" && c != nil && !i.t.isLeftOut(c) {
		return // it has come back, or is gone already
	}
	i.t.partAll(slices.Clone(ch.members))
	if i.t.mirror.channels[casemapping.Fold(ch.name)] == ch {
		i.t.endPermanent(ch)
	}
}

// channel settles one channel with all that is of it.
func (i *Import) channel(name string) {
	c := i.t.net.Channel(name)
	if c == nil || i.t.isLeftOut(c) {
		return
	}
	if ch := i.t.settleMembers(c); ch != nil {
		i.t.settleChannel(ch, c, "*")
	}
}

// Load takes over what the new network has said that it has: names that were made up stay tied to what they stand for.
// It returns in what that differs from what we thought it has, as up to maxDrift lines of Dump.
func (t *Translator) load(m *Mirror) []string {
	old := t.mirror
	drift := differences(old.Dump(), m.Dump())
	for _, uid := range sortedKeys(m.users) {
		if o, u := old.users[uid], m.users[uid]; o != nil && o.nick == u.nick {
			u.from, u.revived = o.from, o.revived
		}
	}
	t.mirror, t.bound = m, map[string]*channel{}
	for _, name := range sortedKeys(m.channels) {
		if o := old.channels[name]; o != nil && o.live != "" {
			t.bind(m.channels[name], o.live)
		}
	}
	if len(old.users) == 0 {
		return nil
	}
	return drift
}

// maxDrift bounds what is told of a drift.
const maxDrift = 40

// differences returns the lines that only one of two texts has: with "-" those of the first, with "+" those of the second.
func differences(a, b string) (out []string) {
	if a == b {
		return nil
	}
	count := map[string]int{}
	for line := range strings.Lines(a) {
		count[line]++
	}
	for line := range strings.Lines(b) {
		count[line]--
	}
	for _, line := range sortedKeys(count) {
		if n := count[line]; n != 0 && len(out) < maxDrift {
			sign := "-"
			if n < 0 {
				sign = "+"
			}
			out = append(out, sign+strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}
