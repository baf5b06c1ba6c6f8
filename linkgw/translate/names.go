package translate

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// moved stands for the live nick of a user whose nick had to make room: it equals none, so the user is settled later.
const moved = "\x00"

// nickFor returns the nick that the new network has for u, who is m there, or nobody yet: the same as long as u keeps
// its own. Whoever still has it from before makes room.
func (t *Translator) nickFor(u *network.User, m *user, set *rules) string {
	if m != nil && m.from == u.Nick {
		return m.nick
	}
	for n := 0; ; n++ {
		nick, rule := t.nickCandidate(u, n)
		if nick == "" {
			continue
		}
		holder := t.mirror.nicks[casemapping.Fold(nick)]
		if holder != nil && holder != m && !t.isStale(holder) {
			continue
		}
		if holder != nil && holder != m {
			t.moveAway(holder)
		}
		set.add(rule)
		return nick
	}
}

// nickCandidate returns the n-th choice of a nick, "" when there is none, and why it is not the user's own.
func (t *Translator) nickCandidate(u *network.User, n int) (string, Rule) {
	limit := t.limits.NickLen
	switch {
	case n == 0 && irc.ValidNick(u.Nick, limit):
		return u.Nick, NoRule
	case n == 0:
		return "", NoRule
	case n == 1 && u.Nick != "" && '0' <= u.Nick[0] && u.Nick[0] <= '9' && irc.ValidNick("_"+u.Nick, limit):
		return "_" + u.Nick, NickIsID
	case n == 1:
		return "", NoRule
	}
	rule := NickCollides
	switch {
	case len(u.Nick) > limit:
		rule = NickTooLong
	case !irc.ValidNick(u.Nick, limit):
		rule = NickCharacters
	}
	return madeUpNick(u.Nick, string(u.UID), n-2, limit), rule
}

// madeUpNick is "nick|UID", cut to fit, and with more '_' before it the higher n is.
func madeUpNick(nick, uid string, n, limit int) string {
	tail := "|" + uid
	if over := len(tail) - (limit - 2); over > 0 {
		tail = "|" + uid[over:]
	}
	head := strings.Repeat("_", min(n, limit-len(tail))) + sanitize(nick, isNickByte)
	if head == "" || head[0] == '-' || '0' <= head[0] && head[0] <= '9' {
		head = "_" + head
	}
	if room := limit - len(tail); len(head) > room {
		head = head[:room]
	}
	return head + tail
}

// isStale reports whether a user of the mirror has a nick that is no longer its own.
func (t *Translator) isStale(holder *user) bool {
	u := t.liveUser(holder.uid)
	if u == nil {
		return true
	}
	if holder.from != "" {
		return holder.from != u.Nick
	}
	return !casemapping.Equal(holder.nick, u.Nick)
}

// moveAway gives a user a nick out of the way until it is settled.
func (t *Translator) moveAway(holder *user) {
	for n := 0; ; n++ {
		nick := madeUpNick("_", holder.uid, n, t.limits.NickLen)
		if t.mirror.nicks[casemapping.Fold(nick)] != nil {
			continue
		}
		t.effect(holder.uid, "NICK", 0, holder.uid, nick)
		t.mirror.rename(holder, nick)
		holder.from = moved
		return
	}
}

// sanitize replaces the bytes that are not allowed by '_'.
func sanitize(s string, allowed func(byte) bool) string {
	for i := range len(s) {
		if !allowed(s[i]) {
			b := []byte(s)
			for ; i < len(b); i++ {
				if !allowed(b[i]) {
					b[i] = '_'
				}
			}
			return string(b)
		}
	}
	return s
}

func isNickByte(c byte) bool { return irc.ValidNick("a"+string([]byte{c}), 2) }
func isUserByte(c byte) bool { return irc.ValidUser(string([]byte{c}), 1) }
func isHostByte(c byte) bool { return irc.ValidDisplayHost("a" + string([]byte{c})) }
func isChannelByte(c byte) bool {
	return c > ' ' && c != ',' && c != 0x7f
}

// liveUser returns a user of the linked network, or nil.
func (t *Translator) liveUser(uid string) *network.User { return t.net.User(s2sUID(uid)) }

// liveKey is the folded name of a channel on the linked network.
func (t *Translator) liveKey(name string) string { return t.net.Rules().Casemapping.Fold(name) }

// find returns the new network's channel for c, or nil with the name that it would have. A channel that the network
// told of is tied to c when it is first looked for.
func (t *Translator) find(c *network.Channel, set *rules) (*channel, string) {
	key := t.liveKey(c.Name)
	if ch := t.bound[key]; ch != nil {
		return ch, ch.name
	}
	for n := 0; ; n++ {
		name, rule := t.channelCandidate(c.Name, n)
		if name == "" {
			continue
		}
		ch := t.mirror.channels[casemapping.Fold(name)]
		if ch != nil && !t.mayBind(ch, c, name) {
			continue
		}
		set.add(rule)
		if ch != nil {
			t.bind(ch, key)
		}
		return ch, name
	}
}

func (t *Translator) bind(ch *channel, key string) {
	ch.live = key
	t.bound[key] = ch
}

// mayBind reports whether a channel of the mirror can stand for c: it stands for no other, and no other of the linked
// network has its name.
func (t *Translator) mayBind(ch *channel, c *network.Channel, name string) bool {
	if ch.live != "" {
		return false
	}
	other := t.net.Channel(ch.name)
	return other == nil || other == c || name != c.Name
}

func (t *Translator) channelCandidate(name string, n int) (string, Rule) {
	limit := t.limits.ChannelLen
	valid := irc.ValidChannel(name, limit)
	switch {
	case n == 0 && valid:
		return name, NoRule
	case n == 0:
		return "", NoRule
	case valid:
		return madeUpChannel(name, n-1, limit), ChannelCollides
	case len(name) > limit:
		return madeUpChannel(name, n-1, limit), ChannelTooLong
	}
	return madeUpChannel(name, n-1, limit), ChannelCharacters
}

// madeUpChannel is "#name-" with eight digits of the name's hash, cut to fit, and with more '-' the higher n is.
func madeUpChannel(name string, n, limit int) string {
	sum := sha256.Sum256([]byte(name))
	tail := strings.Repeat("-", 1+min(n, limit-10)) + hex.EncodeToString(sum[:4])
	head := sanitize(name, isChannelByte)
	if head == "" || head[0] != '#' {
		head = "#" + head
	}
	return irc.Truncate(head, limit-len(tail)) + tail
}
