package linktest

import (
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// Look collects what clients see of the whole network. The first must be an operator, who asks for the users; each
// channel is asked for by a client that is on it, if possible an operator of the channel.
func (n *Network) Look(t testing.TB, clients ...*Client) View {
	t.Helper()
	return n.LookFor(t, nil, clients...)
}

// LookFor is Look that is told of users whom WHO may not show: invisible ones who are not among the clients.
func (n *Network) LookFor(t testing.TB, nicks []string, clients ...*Client) View {
	t.Helper()
	l := &looker{t: t, kind: n.Kind, clients: clients, view: View{Users: map[string]UserView{}, Channels: map[string]ChannelView{}}, inside: map[string]*seat{}}
	for _, nick := range slices.Concat(clients[0].Everybody(), nicks) {
		l.user(nick)
	}
	for _, c := range clients { // who is invisible, WHO may not show
		l.user(c.Nick)
	}
	for _, c := range clients {
		l.own(c)
	}
	for _, name := range clients[0].Channels() {
		if l.inside[l.fold(name)] == nil {
			l.inside[l.fold(name)] = &seat{name: name, client: clients[0]}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.inside)) {
		l.view.Channels[key] = l.channel(l.inside[key])
	}
	if n := clients[0].Lusers(); n != len(l.view.Users) {
		t.Errorf("LUSERS counts %d users, and %d were found: %v", n, len(l.view.Users), slices.Sorted(maps.Keys(l.view.Users)))
	}
	return l.view
}

type looker struct {
	t       testing.TB
	kind    Kind
	clients []*Client
	view    View
	inside  map[string]*seat // who asks for a channel
}

// seat is a client on a channel, or outside of it.
type seat struct {
	name   string
	client *Client
	inside bool
	status string
}

func (l *looker) fold(name string) string { return l.kind.Casemapping().Fold(name) }

func (l *looker) user(nick string) {
	if _, ok := l.view.Users[l.fold(nick)]; ok {
		return
	}
	w := l.clients[0].Whois(nick)
	if l.kind.software().whoisLines {
		w.extra(l.kind)
	}
	l.view.Users[l.fold(nick)] = w.UserView
}

// own adds what only a client itself is told: its modes, and all channels it is on.
func (l *looker) own(c *Client) {
	u, ok := l.view.Users[l.fold(c.Nick)]
	if !ok {
		l.t.Fatalf("%s is not among the users: %v", c.Nick, slices.Sorted(maps.Keys(l.view.Users)))
	}
	modes := l.kind.remoteModes(c.Modes())
	u.Modes = &modes
	l.view.Users[l.fold(c.Nick)] = u
	for name, status := range c.Whois(c.Nick).Channels {
		mine := &seat{name: name, client: c, inside: true, status: status}
		if s := l.inside[l.fold(name)]; s == nil || mine.rank() > s.rank() {
			l.inside[l.fold(name)] = mine
		}
	}
}

// rank is higher for who is shown all lists, and then for who is where a leaf is linked: some things servers do not tell
// each other.
func (s *seat) rank() (n int) {
	if canOp(s.status) {
		n = 2
	}
	if s.client.Server.Name == hubName {
		n++
	}
	return n
}

// canOp reports whether somebody with these statuses is shown all lists.
func canOp(status string) bool { return strings.ContainsAny(status, "oqa") }

func (l *looker) channel(s *seat) ChannelView {
	v := ChannelView{Name: s.name, AskedOn: s.client.Server.Name}
	v.Modes, v.TS = s.client.ChannelModes(s.name)
	letters, params, _ := strings.Cut(v.Modes, " ")
	v.Modes = strings.TrimSuffix(remove(letters, l.kind.software().localModes)+" "+params, " ")
	v.Topic, v.TopicBy, v.TopicAt = s.client.Topic(s.name)
	if !s.inside {
		v.Modes = modeLetters(v.Modes)
	} else {
		v.Members = s.client.Names(s.name)
		for nick := range v.Members { // each is a user of its own
			l.user(nick)
		}
	}
	for _, letter := range l.kind.software().lists {
		if list, ok := s.client.List(s.name, byte(letter)); ok {
			v.ListsSeen += string(letter)
			v.Lists = append(v.Lists, list...)
		}
	}
	return v
}

// remove returns a string without some letters.
func remove(s, letters string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return -1
		}
		return r
	}, s)
}

// Whois is the answer to WHOIS.
type Whois struct {
	UserView
	// Channels are the statuses by channel.
	Channels map[string]string
	// Lines are the replies, without the one that ends them.
	Lines []irc.Message
}

// Whois asks for a user, whom there must be.
func (c *Client) Whois(nick string) Whois {
	c.t.Helper()
	w, ok := c.TryWhois(nick)
	if !ok {
		c.t.Fatalf("%s sees no %s", c.Nick, nick)
	}
	return w
}

// TryWhois asks for a user, and returns false when there is none.
func (c *Client) TryWhois(nick string) (Whois, bool) {
	c.t.Helper()
	w := Whois{Channels: map[string]string{}}
	for _, m := range c.ask("WHOIS "+nick, "318") {
		if m.NumParams() < 3 || !strings.EqualFold(m.Param(1), nick) {
			continue
		}
		w.Lines = append(w.Lines, m)
		c.whois(&w, &m)
	}
	return w, w.Nick != ""
}

func (c *Client) whois(w *Whois, m *irc.Message) {
	switch m.Command {
	case "311":
		w.Nick, w.Ident, w.Host, w.Realname = m.Param(1), m.Param(2), m.Param(3), m.Last()
	case "312":
		w.Server = m.Param(2)
	case "301":
		w.Away = m.Last()
	case "313": // which also says so of services
		w.Oper = !strings.Contains(m.Last(), "Service")
	case "330":
		w.Account = m.Param(2)
	case "276":
		fields := strings.Fields(m.Last())
		w.Certificate = fields[len(fields)-1]
	case "319":
		for _, word := range strings.Fields(m.Last()) {
			spec := c.spec()
			symbols, name := spec.CutSymbols(word)
			w.Channels[name] = letters(spec, symbols)
		}
	case "338", "378":
		w.actually(m)
	case "379":
		if c.Server.Kind.isUnreal() { // "is using modes +iwx +snomasks"
			modes := Unreal.remoteModes(strings.Fields(m.Last())[3])
			w.Modes = &modes
		}
	}
}

// extra gathers the lines of SWHOIS, and as who somebody is an operator. Those about security groups are the server's own.
func (w *Whois) extra(k Kind) {
	var lines []string
	for _, m := range w.Lines {
		if m.Command == "313" && k == Unreal || m.Command == "320" && !strings.HasPrefix(m.Last(), "is in security-groups") {
			lines = append(lines, m.Last())
		}
	}
	slices.Sort(lines)
	text := strings.Join(lines, "|")
	w.Extra = &text
}

// hiddenAddress is what solanum and hybrid say where an address is hidden.
const hiddenAddress = "255.255.255.255"

// actually reads where a user really comes from: "user@host ip" or only one of both.
func (w *Whois) actually(m *irc.Message) {
	words := m.Params()[2:]
	if m.Command == "378" {
		words = strings.Fields(m.Last())
	}
	for _, word := range words {
		if _, err := netip.ParseAddr(word); err == nil {
			if word == hiddenAddress {
				word = ""
			}
			w.IP = &word
		}
		if _, host, ok := strings.Cut(word, "@"); ok && !strings.Contains(word, " ") && w.RealHost == nil {
			w.RealHost = &host
		}
	}
}

// letters turns the signs of statuses into letters.
func letters(spec irc.ModeSpec, symbols string) string {
	var b []byte
	for i := range len(symbols) {
		if letter, ok := spec.SymbolLetter(symbols[i]); ok {
			b = append(b, letter)
		}
	}
	return string(b)
}

// spec is the modes that the server announced.
func (c *Client) spec() irc.ModeSpec {
	c.t.Helper()
	modes, _ := c.support.Get("CHANMODES")
	prefix, _ := c.support.Get("PREFIX")
	spec, err := irc.ParseModeSpec(modes, prefix)
	if err != nil {
		c.t.Fatal(err)
	}
	return spec
}

// ask sends a line and returns what came until a reply of one of some numerics, that one included.
func (c *Client) ask(line string, ends ...string) []irc.Message {
	c.t.Helper()
	c.Do() // what came before is no answer
	c.Send(line)
	return c.Until("the answer to "+line, func(m *irc.Message) bool { return slices.Contains(ends, m.Command) })
}

// Everybody returns all nicks that WHO shows. What asks for all is "0" in RFC 2812 and "*" in UnrealIRCd.
func (c *Client) Everybody() (nicks []string) {
	c.t.Helper()
	for _, mask := range []string{"0", "*"} {
		for _, m := range c.ask("WHO "+mask, "315") {
			if m.Command == "352" {
				nicks = append(nicks, m.Param(5))
			}
		}
	}
	slices.Sort(nicks)
	return slices.Compact(nicks)
}

// Lusers returns how many users LUSERS counts on the whole network.
func (c *Client) Lusers() int {
	c.t.Helper()
	list := c.ask("LUSERS", "266")
	words := strings.Fields(strings.ReplaceAll(strings.Join(list[len(list)-1].Params()[1:], " "), ",", ""))
	for _, word := range words {
		if n, err := strconv.Atoi(word); err == nil {
			return n
		}
	}
	c.t.Fatalf("LUSERS says %s", &list[len(list)-1])
	return 0
}

// Channels returns all channels that LIST shows.
func (c *Client) Channels() (names []string) {
	c.t.Helper()
	for _, m := range c.ask("LIST", "323") {
		if m.Command == "322" {
			names = append(names, m.Param(1))
		}
	}
	return names
}

// Names returns the statuses of a channel's members by nick.
func (c *Client) Names(channel string) map[string]string {
	c.t.Helper()
	members := map[string]string{}
	spec := c.spec()
	for _, m := range c.ask("NAMES "+channel, "366") {
		if m.Command != "353" {
			continue
		}
		for _, word := range strings.Fields(m.Last()) {
			symbols, nick := spec.CutSymbols(word)
			members[nick] = letters(spec, symbols)
		}
	}
	return members
}

// ChannelModes returns a channel's modes in canonical form (without parameters, where these are not shown), and its timestamp, 0 where the server does not tell it.
func (c *Client) ChannelModes(channel string) (modes string, ts int64) {
	c.t.Helper()
	found := false
	for _, m := range c.Do("MODE " + channel) {
		var err error
		switch m.Command {
		case "324":
			found = true
			modes, err = canonicalModes(c.spec(), m.Params()[2:])
			if m.NumParams() == 3 && errors.Is(err, irc.ErrNoModeParam) { // who is outside is not shown any
				modes, err = modeLetters(m.Param(2)), nil
			}
		case "329":
			ts, err = strconv.ParseInt(m.Param(2), 10, 64)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if !found {
		c.t.Fatalf("%s is not told the modes of %s", c.Nick, channel)
	}
	return modes, ts
}

// Modes returns the client's own user modes.
func (c *Client) Modes() string {
	c.t.Helper()
	list := c.ask("MODE "+c.Nick, "221")
	return list[len(list)-1].Param(1)
}

// Topic returns a channel's topic with setter and time.
func (c *Client) Topic(channel string) (text, setter string, at int64) {
	c.t.Helper()
	for _, m := range c.ask("TOPIC "+channel, "331", "333", "403", "442") {
		switch m.Command {
		case "332":
			text = m.Last()
		case "333":
			setter = m.Param(2)
			at, _ = strconv.ParseInt(m.Param(3), 10, 64)
		case "403", "442":
			c.t.Fatalf("%s asks for the topic of %s: %s", c.Nick, channel, &m)
		}
	}
	return text, setter, at
}

// listReplies are the numerics of an entry and of the end of a list by mode letter (RFC 2812 and the servers' own).
var listReplies = map[byte][2]string{
	'b': {"367", "368"}, 'e': {"348", "349"}, 'I': {"346", "347"}, 'q': {"728", "729"},
}

// List returns the entries of a list mode, and false where the server does not show them to this client.
func (c *Client) List(channel string, letter byte) (entries []s2s.ListEntry, ok bool) {
	c.t.Helper()
	replies := listReplies[letter]
	for _, m := range c.ask("MODE "+channel+" +"+string(letter), replies[1], "482", "442", "481") {
		switch p := m.Params(); {
		case m.Command == replies[1]:
			return entries, true
		case m.Command == replies[0]:
			if replies[0] == "728" { // with the letter in between
				p = slices.Delete(p, 2, 3)
			}
			e := s2s.ListEntry{Letter: string(letter), Mask: p[2]}
			if len(p) > 4 {
				e.SetBy = p[3]
				e.SetAt, _ = strconv.ParseInt(p[4], 10, 64)
			}
			entries = append(entries, e)
		}
	}
	return nil, false
}
