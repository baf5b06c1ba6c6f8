package network_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// sighting is one thing that a real client saw, from the transcripts' comments.
type sighting struct {
	file   string
	number int   // line in the file
	millis int64 // of the comment, or of the last line before it
	what   string
	agrees func(n *network.Network, changes []network.Change) bool
	held   bool
}

// window is how far, in milliseconds and lines, the server's line may be from the client's.
const (
	windowMillis = 1200
	windowLines  = 60
)

// sightings reads what clients saw: "#   nick sees: line" and "# <ms> nick received: line".
func sightings(r recording) []*sighting {
	var all []*sighting
	var millis int64
	number := 0
	for raw := range strings.Lines(r.text) {
		number++
		raw = strings.TrimRight(raw, "\r\n")
		f := strings.Fields(raw)
		if len(f) > 1 && f[0] != "#" {
			if ms, err := strconv.ParseInt(f[0], 10, 64); err == nil {
				millis = ms
			}
		} else if len(f) > 1 {
			if ms, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				millis = ms
			}
		}
		for _, mark := range []string{" sees: ", " received: "} {
			if head, line, ok := strings.Cut(raw, mark); ok && strings.HasPrefix(head, "#") && len(strings.Fields(head)) <= 3 {
				var m irc.Message
				if m.Parse(line) == nil {
					for what, agrees := range seen(&m) {
						all = append(all, &sighting{file: r.name, number: number, millis: millis, what: what, agrees: agrees})
					}
				}
			}
		}
	}
	return all
}

type agreement = func(*network.Network, []network.Change) bool

// seen yields what a line to a client says of the state, or of what happened.
func seen(m *irc.Message) map[string]agreement {
	p := slices.Clone(m.Params())
	nick, _, _ := strings.Cut(m.Source, "!")
	all := map[string]agreement{}
	add := func(kind string, f agreement) { all[kind+" "+strings.Join(p, " ")] = f }
	switch {
	case m.Command == "353" && len(p) == 4:
		add("NAMES", func(n *network.Network, _ []network.Change) bool { return namesAgree(n, p[2], p[3]) })
	case m.Command == "324" && len(p) >= 3:
		add("MODEIS", func(n *network.Network, _ []network.Change) bool { return modesAgree(n, p[1], p[2:]) })
	case m.Command == "332" && len(p) == 3:
		add("TOPICIS", func(n *network.Network, _ []network.Change) bool {
			c := n.Channel(p[1])
			return c != nil && c.Topic.Text == p[2]
		})
	case m.Command == "333" && len(p) == 4:
		add("TOPICBY", func(n *network.Network, _ []network.Change) bool {
			c := n.Channel(p[1])
			return c != nil && c.Topic.Setter == p[2]
		})
	case (m.Command == "367" || m.Command == "346" || m.Command == "348" || m.Command == "728") && len(p) >= 3:
		add("LIST"+m.Command, func(n *network.Network, _ []network.Change) bool { return listAgrees(n, m.Command, p) })
	case m.Command == "352" && len(p) == 8:
		add("WHO", func(n *network.Network, _ []network.Change) bool {
			u := n.Nick(p[5])
			return u != nil && u.Ident == p[2] && u.Host == p[3] && u.Server.Name == p[4]
		})
	case m.Command == "311" && len(p) == 6:
		add("WHOIS", func(n *network.Network, _ []network.Change) bool {
			u := n.Nick(p[1])
			return u != nil && u.Ident == p[2] && u.Host == p[3] && u.Realname == p[5]
		})
	case m.Command == "330" && len(p) == 4:
		add("ACCOUNT", func(n *network.Network, _ []network.Change) bool {
			u := n.Nick(p[1])
			return u != nil && u.Account == p[2]
		})
	case m.Command == "MODE" && len(p) >= 2 && strings.HasPrefix(p[0], "#"):
		for _, e := range elements(p[1:]) {
			all["MODE "+p[0]+" "+e.String()] = func(_ *network.Network, changes []network.Change) bool { return modeHappened(changes, p[0], e) }
		}
	default:
		if f := happened(m.Command, nick, p); f != nil {
			add(m.Command+" "+nick, f)
		}
	}
	return all
}

// happened returns what agrees with an event that clients see.
func happened(command, nick string, p []string) agreement {
	match := func(f func(network.Change) bool) agreement {
		return func(_ *network.Network, changes []network.Change) bool { return slices.ContainsFunc(changes, f) }
	}
	switch {
	case command == "JOIN" && len(p) >= 1:
		return match(func(c network.Change) bool {
			if u := rehosted(c); u != nil && u.Nick == nick {
				return true
			}
			j, ok := c.(network.Joined)
			return ok && j.User.Nick == nick && strings.EqualFold(j.Channel.Name, p[0])
		})
	case command == "PART" && len(p) >= 1:
		return match(func(c network.Change) bool {
			j, ok := c.(network.Parted)
			return ok && j.User.Nick == nick && strings.EqualFold(j.Channel.Name, p[0])
		})
	case command == "KICK" && len(p) >= 2:
		return match(func(c network.Change) bool {
			k, ok := c.(network.Kicked)
			return ok && k.User.Nick == p[1] && k.By.Name() == nick && (len(p) < 3 || k.Reason == p[2])
		})
	case command == "NICK" && len(p) == 1:
		return match(func(c network.Change) bool {
			k, ok := c.(network.NickChanged)
			return ok && k.Old == nick && k.User.Nick == p[0]
		})
	case command == "TOPIC" && len(p) == 2:
		return match(func(c network.Change) bool {
			k, ok := c.(network.TopicChanged)
			return ok && strings.EqualFold(k.Channel.Name, p[0]) && k.Channel.Topic.Text == p[1] && k.By.Name() == nick
		})
	case command == "QUIT":
		return match(func(c network.Change) bool { return quitHappened(c, nick) })
	case command == "CHGHOST" && len(p) == 2:
		return property(nick, network.PropertyHost, p[1])
	case command == "SETNAME" && len(p) == 1:
		return property(nick, network.PropertyRealname, p[0])
	case command == "ACCOUNT" && len(p) == 1:
		return property(nick, network.PropertyAccount, strings.TrimSuffix(p[0], "*"))
	case command == "AWAY":
		return property(nick, network.PropertyAway, strings.Join(p, ""))
	}
	return nil
}

func property(nick string, p network.Property, value string) agreement {
	return func(n *network.Network, changes []network.Change) bool {
		return slices.ContainsFunc(changes, func(c network.Change) bool {
			u, ok := c.(network.UserChanged)
			if ok && p == network.PropertyHost && u.Property == network.PropertyIdent {
				return u.User.Nick == nick && u.User.Host == value // CHGHOST shows both
			}
			return ok && u.User.Nick == nick && u.Property == p && u.New == value
		})
	}
}

func quitHappened(c network.Change, nick string) bool {
	switch c := c.(type) {
	case network.UserRemoved:
		return c.User.Nick == nick
	case network.UserChanged, network.NickChanged:
		u := rehosted(c)
		return u != nil && (u.Nick == nick || oldNick(c) == nick)
	case network.Split:
		return slices.ContainsFunc(c.Users, func(u *network.User) bool { return u.Nick == nick })
	}
	return false
}

// rehosted returns the user whom others see with another host, ident or, by SIGNON, nick: the servers show it as a quit
// and a join, with the statuses as modes, to clients that do not know CHGHOST.
func rehosted(c network.Change) *network.User {
	switch c := c.(type) {
	case network.UserChanged:
		if c.Property == network.PropertyHost || c.Property == network.PropertyIdent {
			return c.User
		}
	case network.NickChanged:
		return c.User
	}
	return nil
}

func oldNick(c network.Change) string {
	if c, ok := c.(network.NickChanged); ok {
		return c.Old
	}
	return ""
}

func namesAgree(n *network.Network, channel, names string) bool {
	c := n.Channel(channel)
	if c == nil {
		return false
	}
	words := strings.Fields(names)
	modes := n.Modes()
	for _, word := range words {
		symbols, nick := modes.CutSymbols(word)
		nick, _, _ = strings.Cut(nick, "!")
		u := n.Nick(nick)
		if u == nil || n.Member(u, c) == nil {
			return false
		}
		status := n.Member(u, c).Status.String()
		if (symbols == "") != (status == "") {
			return false
		}
		for i := range len(symbols) {
			letter, _ := modes.SymbolLetter(symbols[i])
			if status[i] != letter {
				return false
			}
		}
	}
	return len(words) == len(c.Members()) || len(words) > 20
}

// modesAgree compares modes as RPL_CHANNELMODEIS shows them, as sets.
func modesAgree(n *network.Network, channel string, words []string) bool {
	c := n.Channel(channel)
	if c == nil {
		return false
	}
	if ours, _, _ := strings.Cut(c.ModeString(), " "); len(words) == 1 || words[1] == "" {
		return sorted(words[0]) == sorted(ours) // who is not on the channel is not shown parameters
	}
	theirs, errs := irc.ParseModes(n.Modes(), words)
	ours, _ := irc.ParseModes(n.Modes(), strings.Split(c.ModeString(), " "))
	key := func(m irc.ModeChange) string { return string([]byte{m.Mode}) + " " + m.Param }
	var a, b []string
	for _, m := range theirs {
		a = append(a, key(m))
	}
	for _, m := range ours {
		b = append(b, key(m))
	}
	slices.Sort(a)
	slices.Sort(b)
	return len(errs) == 0 && slices.Equal(a, b)
}

func sorted(s string) string {
	letters := strings.Split(s, "")
	slices.Sort(letters)
	return strings.Join(letters, "")
}

func listAgrees(n *network.Network, numeric string, p []string) bool {
	letter := map[string]string{"367": "b", "346": "I", "348": "e", "728": "q"}[numeric]
	mask, rest := p[2], p[3:]
	if numeric == "728" {
		mask, rest = p[3], p[4:]
	}
	c := n.Channel(p[1])
	return c != nil && slices.ContainsFunc(c.Lists(), func(e s2s.ListEntry) bool {
		return e.Letter == letter && e.Mask == mask && (len(rest) < 1 || e.SetBy == rest[0])
	})
}

// element is one letter of a MODE that a client saw.
type element struct {
	add    bool
	letter byte
	param  string
}

func (e element) String() string {
	if e.add {
		return "+" + string([]byte{e.letter}) + " " + e.param
	}
	return "-" + string([]byte{e.letter}) + " " + e.param
}

// withParam are the letters that have one when they are set, and when they are unset.
const withParam, withParamUnset = "beIqaohvklfjLFH", "beIqaohvkfL"

// elements reads a MODE by the letters of all dialects; where q, a, f differ it does not matter, as each has a parameter.
func elements(words []string) (all []element) {
	params := words[1:]
	add := true
	for i := range len(words[0]) {
		c := words[0][i]
		if c == '+' || c == '-' {
			add = c == '+'
			continue
		}
		e := element{add: add, letter: c}
		letters := withParamUnset
		if add {
			letters = withParam
		}
		if strings.IndexByte(letters, c) >= 0 && len(params) > 0 {
			e.param, params = params[0], params[1:]
		}
		all = append(all, e)
	}
	return all
}

func modeHappened(changes []network.Change, channel string, e element) bool {
	for _, c := range changes {
		if u := rehosted(c); u != nil && u.Nick == e.param && e.add {
			return true
		}
		if j, ok := c.(network.Joined); ok && e.add && j.User.Nick == e.param && j.Status.Has(e.letter) {
			return true // members of a burst join with what clients see as modes
		}
		m, ok := c.(network.ModesChanged)
		if !ok || !strings.EqualFold(m.Channel.Name, channel) {
			continue
		}
		if slices.ContainsFunc(m.Modes, func(x network.ModeChange) bool {
			return x.Add == e.add && x.Letter == e.letter && (x.Param == e.param || e.param == "" || e.letter == 'k' && !e.add)
		}) {
			return true
		}
	}
	return false
}

const cloaked = "UnrealIRCd cloaks users of ours with a key that we do not have"

// exceptions are what clients saw and the model cannot know.
var exceptions = map[string]string{
	"unreal6/s19-sasl WHOIS sasluser gwsasl gw Clk-83DCFF58.example.org * Gateway user": cloaked,
}

// repeated reports whether a recording has a line again that held before: its log of a step begins with that of the last.
func repeated(all []*sighting, s *sighting) bool {
	return slices.ContainsFunc(all, func(o *sighting) bool { return o.held && o.what == s.what && o.number < s.number })
}

// TestClientsAgree holds the model against what real clients saw: the answers to NAMES, MODE, TOPIC, lists, WHO and
// WHOIS as states, and MODE, TOPIC, JOIN, PART, KICK, NICK, QUIT, CHGHOST, SETNAME, ACCOUNT and AWAY as changes, each
// close to where it was seen.
func TestClientsAgree(t *testing.T) {
	counts := map[string]int{}
	for _, r := range recordings(t) {
		all := sightings(r)
		n := r.network(t)
		r.replay(t, n, func(l s2s.Recorded, changes []network.Change) {
			for _, s := range all {
				if !s.held && max(s.millis-l.Millis, l.Millis-s.millis) <= windowMillis && max(s.number-l.Number, l.Number-s.number) <= windowLines {
					s.held = s.agrees(n, changes)
				}
			}
		})
		for _, s := range all {
			kind, _, _ := strings.Cut(s.what, " ")
			switch why := exceptions[s.file+" "+s.what]; {
			case s.held && why == "":
				counts[kind]++
			case s.held:
				t.Errorf("%s:%d: %s is no exception any more", s.file, s.number, s.what)
			case why == "" && !repeated(all, s):
				t.Errorf("%s:%d: a client saw %s", s.file, s.number, s.what)
			}
		}
	}
	total := 0
	for _, c := range counts { // order does not matter: a sum
		total += c
	}
	if total < 490 {
		t.Errorf("only %d things that clients saw were found", total)
	}
	t.Logf("%d things that clients saw agree: %v", total, counts)
}
