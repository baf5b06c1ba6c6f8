package linktest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/s2s"
)

// View is the state of a network as real clients see it.
type View struct {
	// Users and Channels are by folded name.
	Users    map[string]UserView
	Channels map[string]ChannelView
}

// UserView is what WHOIS says of a user, and MODE where it is a client of the test. What is nil was not seen.
type UserView struct {
	Nick, Ident, Host, Realname, Server string
	Away                                string
	Oper                                bool
	Account                             string
	RealHost, IP                        *string
	// Modes are the letters in the order of bytes, of those that servers tell each other.
	Modes *string
	// Certificate is the fingerprint of the client's TLS certificate.
	Certificate string
	// Extra are the lines that WHOIS has beyond all that, sorted (UnrealIRCd's SWHOIS).
	Extra *string
}

// ChannelView is what NAMES, MODE and TOPIC say of a channel.
type ChannelView struct {
	Name string
	// TS is the timestamp in seconds since 1970, 0 where it was not told.
	TS int64
	// Members holds the statuses by nick, highest first; nil where nobody asked from inside.
	Members map[string]string
	// Modes are in canonical form: letters in the order of bytes, those with a parameter last; only the letters where
	// nobody asked from inside.
	Modes string
	// AskedOn is the server of the client that asked.
	AskedOn string
	// ListsSeen are the letters of the lists that were shown to somebody, Lists what they hold.
	ListsSeen string
	Lists     []s2s.ListEntry
	Topic     string
	TopicBy   string
	TopicAt   int64
}

// fact is one thing that a view says.
type fact struct {
	text string
	time int64 // seconds since 1970, where the thing is a time
}

// facts takes a view apart, by names that are the same for the same thing.
func (v View) facts() map[string]fact {
	all := map[string]fact{}
	for key, u := range v.Users { // each has names of its own
		u.facts(func(name, text string) { all["user "+key+" "+name] = fact{text: text} })
	}
	for key, c := range v.Channels { // each has names of its own
		c.facts(func(name string, f fact) { all["channel "+key+" "+name] = f })
	}
	return all
}

func (u UserView) facts(add func(name, text string)) {
	for name, text := range map[string]string{"nick": u.Nick, "ident": u.Ident, "host": u.Host, "realname": u.Realname, "server": u.Server,
		"away": u.Away, "oper": strconv.FormatBool(u.Oper), "account": u.Account, "certificate": u.Certificate} {
		add(name, text)
	}
	for name, text := range map[string]*string{"real host": u.RealHost, "address": u.IP, "modes": u.Modes, "extra lines": u.Extra} {
		if text != nil {
			add(name, *text)
		}
	}
}

func (c ChannelView) facts(add func(string, fact)) {
	add("name", fact{text: c.Name})
	add("modes", fact{text: c.Modes})
	if c.TS != 0 {
		add("timestamp", fact{text: strconv.FormatInt(c.TS, 10)}) // exactly, so it is no time
	}
	add("topic", fact{text: c.Topic})
	add("topic by", fact{text: c.TopicBy})
	add("topic at", fact{time: c.TopicAt})
	for nick, status := range c.Members { // each has a name of its own
		add("member "+nick, fact{text: "+" + status})
	}
	for _, e := range c.Lists {
		add("list "+e.Letter+" "+e.Mask+" by", fact{text: e.SetBy})
		add("list "+e.Letter+" "+e.Mask+" at", fact{time: e.SetAt})
	}
}

// Facts returns how many things the view says.
func (v View) Facts() int { return len(v.facts()) }

// DiffOptions say what may differ.
type DiffOptions struct {
	// Slack is by how many seconds two times may differ: where lines carry none, each side takes its own clock.
	Slack int64
	// NoListSetters says of which channels it is left out who set a list's entries and when, which hybrid's bursts do not
	// tell; nil is none.
	NoListSetters func(seen ChannelView) bool
}

// Diff returns in what two views differ, one thing a line, in order; nothing when they are equal.
func Diff(seen, model View, o DiffOptions) (list []string) {
	if o.NoListSetters != nil {
		seen, model = withoutSetters(seen, model, o.NoListSetters)
	}
	a, b := seen.facts(), model.facts()
	names := maps.Clone(a)
	maps.Copy(names, b)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inA := a[name]
		y, inB := b[name]
		switch d := x.time - y.time; {
		case !inA:
			list = append(list, fmt.Sprintf("%s: clients see none, the model has %s", name, y))
		case !inB:
			list = append(list, fmt.Sprintf("%s: clients see %s, the model has none", name, x))
		case x.text != y.text, max(d, -d) > o.Slack, (x.time == 0) != (y.time == 0):
			list = append(list, fmt.Sprintf("%s: clients see %s, the model has %s", name, x, y))
		}
	}
	return list
}

// withoutSetters takes the setters and times of some channels' lists out of both views.
func withoutSetters(seen, model View, of func(ChannelView) bool) (View, View) {
	seen.Channels, model.Channels = maps.Clone(seen.Channels), maps.Clone(model.Channels)
	for key, c := range seen.Channels { // each is changed for itself
		if of(c) {
			for _, v := range []View{seen, model} {
				other := v.Channels[key]
				other.Lists = slices.Clone(other.Lists)
				for i := range other.Lists {
					other.Lists[i].SetBy, other.Lists[i].SetAt = "", 0
				}
				if _, ok := v.Channels[key]; ok {
					v.Channels[key] = other
				}
			}
		}
	}
	return seen, model
}

func (f fact) String() string {
	if f.time != 0 {
		return strconv.FormatInt(f.time, 10)
	}
	return strconv.Quote(f.text)
}

// canonicalModes orders a mode string with its parameters: letters in the order of bytes, those with a parameter last.
func canonicalModes(spec irc.ModeSpec, args []string) (string, error) {
	changes, errs := irc.ParseModes(spec, args)
	if len(errs) > 0 {
		return "", fmt.Errorf("modes %q: %w", args, errs[0])
	}
	slices.SortFunc(changes, func(a, b irc.ModeChange) int {
		if a.HasParam != b.HasParam {
			return map[bool]int{false: -1, true: 1}[a.HasParam]
		}
		return cmp.Compare(a.Mode, b.Mode)
	})
	letters, params := "+", ""
	for _, c := range changes {
		letters += string([]byte{c.Mode})
		if c.HasParam {
			params += " " + c.Param
		}
	}
	return letters + params, nil
}

// modeLetters are the letters of a mode string in the order of bytes, without parameters.
func modeLetters(modes string) string {
	word, _, _ := strings.Cut(modes, " ")
	b := []byte(strings.TrimPrefix(word, "+"))
	slices.Sort(b)
	return "+" + string(b)
}
