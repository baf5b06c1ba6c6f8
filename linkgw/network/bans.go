package network

import (
	"maps"
	"slices"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Ban is a network ban (K-line, G-line, RESV, spamfilter, …).
type Ban struct {
	Kind       string
	User, Host string
	SetBy      string
	SetAt      int64
	// Expires is when it ends, 0 never.
	Expires int64
	// Removed is a ban that is over and only remembered until Forget, so that an older copy does not bring it back
	// (m_ban.c:ms_ban).
	Removed            bool
	Forget             int64
	Reason, OperReason string
	Extra              []s2s.Fact
}

type banKey struct{ kind, user, host string }

// maxBans bounds the network bans that are kept.
const maxBans = 1_000_000

// keyOf has the text of a spamfilter as it is, and what it is about; others are equal in lower case.
func keyOf(b s2s.NetworkBan) banKey {
	if strings.HasSuffix(b.Kind, "spamfilter") {
		user := ""
		for _, f := range b.Extra {
			if f.Key == "targets" || f.Key == "action" {
				user += f.Value + " "
			}
		}
		return banKey{b.Kind, user, b.Host}
	}
	return banKey{b.Kind, irc.ASCII.Fold(b.User), irc.ASCII.Fold(b.Host)}
}

func (n *Network) networkBan(by Source, b s2s.NetworkBan) {
	if b.Kind == "" || b.Host == "" {
		n.ignore(IgnoredName)
		return
	}
	key := keyOf(b)
	old := n.bans[key]
	next := n.newBan(by, b)
	switch {
	case old != nil && b.Lifetime != 0 && old.SetAt > next.SetAt:
		n.ignore(IgnoredOlder) // m_ban.c:ms_ban
	case b.Remove:
		n.removeBan(by, key, old, next, b.Lifetime)
	default:
		n.addBan(by, key, old, next)
	}
}

func (n *Network) newBan(by Source, b s2s.NetworkBan) *Ban {
	ban := &Ban{Kind: n.word(b.Kind), User: strings.Clone(b.User), Host: strings.Clone(b.Host), SetBy: strings.Clone(b.SetBy),
		SetAt: b.SetAt, Expires: b.Expires, Removed: b.Remove, Reason: strings.Clone(b.Reason), OperReason: strings.Clone(b.OperReason)}
	for _, f := range b.Extra {
		ban.Extra = append(ban.Extra, s2s.Fact{Key: n.word(f.Key), Value: strings.Clone(f.Value)})
	}
	if ban.SetBy == "" {
		ban.SetBy = by.Mask()
	}
	if ban.SetAt == 0 {
		ban.SetAt = n.now
	}
	if b.Duration > 0 {
		ban.Expires = ban.SetAt + b.Duration
	}
	if b.Lifetime > 0 {
		ban.Forget = ban.SetAt + b.Lifetime
	}
	return ban
}

// addBan adds a ban, or changes the one that is there.
func (n *Network) addBan(by Source, key banKey, old, ban *Ban) {
	if old == nil && len(n.bans) >= maxBans {
		return
	}
	if old != nil && !old.Removed && n.rules.MergesBans {
		ban.mergeWith(old)
	}
	if old != nil && old.equal(ban) {
		return
	}
	n.bans[banKey{ban.Kind, strings.Clone(key.user), strings.Clone(key.host)}] = ban
	n.changed(BanAdded{By: by, Ban: ban})
}

// mergeWith makes one of two copies: set when the older was, until the later ends, by whose name is greater. All else
// stays as it was (unreal:tkl.c:cmd_tkl_add), so that servers may differ in it: the peer's is what it told first.
func (b *Ban) mergeWith(old *Ban) {
	b.SetAt = min(b.SetAt, old.SetAt)
	if old.Expires == 0 || b.Expires != 0 && old.Expires > b.Expires {
		b.Expires = old.Expires
	}
	b.SetBy = max(b.SetBy, old.SetBy)
	b.User, b.Host, b.Reason, b.Extra = old.User, old.Host, old.Reason, old.Extra
}

func (b *Ban) equal(o *Ban) bool {
	return b.Kind == o.Kind && b.User == o.User && b.Host == o.Host && b.SetBy == o.SetBy && b.SetAt == o.SetAt &&
		b.Expires == o.Expires && b.Removed == o.Removed && b.Forget == o.Forget && b.Reason == o.Reason &&
		b.OperReason == o.OperReason && slices.Equal(b.Extra, o.Extra)
}

// removeBan ends a ban. With a lifetime its end is remembered.
func (n *Network) removeBan(by Source, key banKey, old, end *Ban, lifetime int64) {
	if lifetime > 0 && (old != nil || len(n.bans) < maxBans) {
		n.bans[banKey{end.Kind, strings.Clone(key.user), strings.Clone(key.host)}] = end
	} else {
		delete(n.bans, key)
	}
	if old != nil && !old.Removed {
		n.changed(BanRemoved{By: by, Ban: old})
	}
}

// Bans returns all bans that hold, in the order of kind, user and host.
func (n *Network) Bans() (list []*Ban) {
	for _, key := range n.banKeys() {
		if b := n.bans[key]; !b.Removed {
			list = append(list, b)
		}
	}
	return list
}

func (n *Network) banKeys() []banKey {
	return slices.SortedFunc(maps.Keys(n.bans), func(a, b banKey) int {
		return strings.Compare(a.kind+" "+a.user+" "+a.host, b.kind+" "+b.user+" "+b.host)
	})
}

// Expire ends the bans whose time is over, which no server tells, and returns what changed. Once in a while is enough.
func (n *Network) Expire(now int64) []Change {
	n.begin(now, false)
	for _, key := range n.banKeys() {
		b := n.bans[key]
		switch {
		case b.Removed && b.Forget <= now:
			delete(n.bans, key)
		case !b.Removed && b.Expires != 0 && b.Expires <= now:
			delete(n.bans, key)
			n.changed(BanRemoved{Ban: b, Expired: true})
		}
	}
	return n.changes
}
