package network

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Dump returns the whole state as text, one thing a line: equal states give equal text. Who links whom is told by names.
func (n *Network) Dump() string {
	var b strings.Builder
	n.dump(func(line []byte) { b.Write(line) })
	return b.String()
}

// Digest returns the SHA-256 of Dump in hexadecimal.
func (n *Network) Digest() string {
	h := sha256.New()
	n.dump(func(line []byte) { h.Write(line) })
	return hex.EncodeToString(h.Sum(nil))
}

// dumper writes lines of words; text goes last in quotes.
type dumper struct {
	line []byte
	emit func([]byte)
}

func (d *dumper) begin(word string) { d.line = append(d.line[:0], word...) }

// field writes " key=value" when there is a value.
func (d *dumper) field(key, value string) {
	if value != "" {
		d.line = append(append(append(append(d.line, ' '), key...), '='), value...)
	}
}

func (d *dumper) number(key string, value int64) {
	d.line = append(append(append(d.line, ' '), key...), '=')
	d.line = strconv.AppendInt(d.line, value, 10)
}

func (d *dumper) quoted(key, value string) {
	if value != "" {
		d.line = append(append(append(d.line, ' '), key...), '=')
		d.line = strconv.AppendQuote(d.line, value)
	}
}

func (d *dumper) end() {
	d.line = append(d.line, '\n')
	d.emit(d.line)
}

func (n *Network) dump(emit func([]byte)) {
	d := &dumper{emit: emit}
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		d.server(n.names[name])
	}
	for _, u := range n.sortedUsers() {
		d.user(u)
	}
	for _, name := range slices.Sorted(maps.Keys(n.channels)) {
		d.channel(n.channels[name])
	}
	for _, key := range n.banKeys() {
		d.ban(n.bans[key])
	}
}

func (n *Network) sortedUsers() []*User {
	users := make([]*User, 0, len(n.users))
	for _, u := range n.users { // order does not matter: they are sorted
		users = append(users, u)
	}
	slices.SortFunc(users, func(a, b *User) int { return strings.Compare(string(a.UID), string(b.UID)) })
	return users
}

func (d *dumper) server(s *Server) {
	d.begin("server " + s.Name)
	d.field("sid", string(s.SID))
	if s.Uplink != nil {
		d.field("uplink", s.Uplink.Name)
	}
	d.field("flags", s.Flags)
	d.flag("hidden", s.Hidden)
	d.flag("ours", s.Ours)
	d.flag("synced", s.Synced)
	d.facts(s.Facts)
	d.quoted("description", s.Description)
	d.end()
}

func (d *dumper) flag(name string, set bool) {
	if set {
		d.line = append(append(d.line, ' '), name...)
	}
}

func (d *dumper) facts(facts []s2s.Fact) {
	for _, f := range facts {
		d.quoted(f.Key, f.Value)
	}
}

func (d *dumper) user(u *User) {
	d.begin("user " + string(u.UID))
	d.field("nick", u.Nick)
	d.number("ts", u.TS)
	d.field("server", u.Server.Name)
	d.field("modes", u.Modes)
	d.field("ident", u.Ident)
	d.field("host", u.Host)
	d.field("real", u.RealHost)
	d.field("cloak", u.Cloak)
	d.field("vhost", u.VHost)
	d.field("ip", u.IP)
	d.field("account", u.Account)
	r := u.rareOr()
	d.field("certificate", r.certificate)
	d.field("operator", r.operator)
	d.field("privileges", r.privileges)
	d.facts(r.facts)
	d.quoted("realname", u.Realname)
	d.quoted("away", r.away)
	for _, l := range sortedWhois(r.lines) {
		d.quoted("whois", l.Tag+" "+strconv.Itoa(l.Priority)+" "+strconv.Itoa(l.Numeric)+" "+l.Modes+" "+l.Text)
	}
	d.end()
}

func sortedWhois(lines []s2s.SWhois) []s2s.SWhois {
	return slices.SortedFunc(slices.Values(lines), func(a, b s2s.SWhois) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Numeric, b.Numeric))
	})
}

func (d *dumper) channel(c *Channel) {
	d.begin("channel " + c.Name)
	d.number("ts", c.TS)
	d.field("modes", c.ModeString())
	if c.Lock != (Lock{}) {
		d.field("lock", c.Lock.Letters)
		d.number("lock_ts", c.Lock.TS)
	}
	if c.Topic != (Topic{}) {
		d.field("topic_by", c.Topic.Setter)
		d.number("topic_at", c.Topic.SetAt)
		d.quoted("topic", c.Topic.Text)
	}
	d.end()
	for _, e := range c.sortedLists() {
		d.begin("  list " + e.Letter + " " + e.Mask)
		d.field("by", e.SetBy)
		d.number("at", e.SetAt)
		d.end()
	}
	for _, m := range c.sortedMembers() {
		d.begin("  member " + string(m.User.UID))
		d.field("status", m.Status.String())
		d.field("nick", m.User.Nick)
		d.end()
	}
}

// ModeString returns the modes without lists and statuses as MODE shows them: "+ntkl key 10".
func (c *Channel) ModeString() string {
	s, params := "+"+c.flags.String(), ""
	for _, p := range c.params {
		s += string([]byte{p.Letter})
		params += " " + p.Value
	}
	return s + params
}

func (c *Channel) sortedLists() []s2s.ListEntry {
	return slices.SortedFunc(slices.Values(c.lists), func(a, b s2s.ListEntry) int {
		return cmp.Or(cmp.Compare(a.Letter, b.Letter), cmp.Compare(irc.ASCII.Fold(a.Mask), irc.ASCII.Fold(b.Mask)), cmp.Compare(a.Mask, b.Mask))
	})
}

func (c *Channel) sortedMembers() []*Member {
	return slices.SortedFunc(slices.Values(c.members), func(a, b *Member) int { return cmp.Compare(a.User.UID, b.User.UID) })
}

func (d *dumper) ban(b *Ban) {
	d.begin("ban " + b.Kind)
	d.field("user", b.User)
	d.quoted("host", b.Host)
	d.quoted("by", b.SetBy)
	d.number("at", b.SetAt)
	d.number("expires", b.Expires)
	d.flag("removed", b.Removed)
	if b.Forget != 0 {
		d.number("forget", b.Forget)
	}
	d.facts(b.Extra)
	d.quoted("reason", b.Reason)
	d.quoted("oper_reason", b.OperReason)
	d.end()
}
