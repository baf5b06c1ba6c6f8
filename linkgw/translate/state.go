package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
)

// loader reads what the network says it has into a mirror.
type loader struct {
	m     *Mirror
	token string // of the STATE that it answers
	// awaited is set between STATE and GATEWAY.
	awaited bool
}

// take reads one line; p are its parameters. It reports whether the line is of that kind at all.
func (l *loader) take(command string, p []string) (bool, error) {
	need := map[string]int{"USER": 11, "AWAY": 2, "CHANNEL": 3, "MEMBERS": 2, "ENTRY": 5, "TOPIC": 4, "BAN": 6}[command]
	if need == 0 {
		return false, nil
	}
	if len(p) < need {
		return true, fmt.Errorf("translate: the network's line %s of its state has %d parameters, which needs %d", command, len(p), need)
	}
	p = slices.Clone(p)
	for i := range p {
		p[i] = strings.Clone(p[i])
	}
	switch command {
	case "USER":
		return true, l.user(p)
	case "BAN":
		return true, l.ban(p)
	}
	if command == "AWAY" {
		if u := l.m.users[p[0]]; u != nil {
			u.away = p[1]
			return true, nil
		}
		return true, fmt.Errorf("translate: the network's state has AWAY of %s, who it has not told of", p[0])
	}
	return true, l.channel(command, p)
}

func (l *loader) user(p []string) error {
	u := &user{uid: p[0], nick: p[1], ident: p[2], host: p[3], ip: p[4], account: unstar(p[6]), class: unstar(p[7]),
		modes: comparedUserModes(p[8]), realname: p[10]}
	if l.m.users[u.uid] != nil {
		return fmt.Errorf("translate: the network's state has the user %s twice", u.uid)
	}
	l.m.addUser(u)
	return nil
}

func (l *loader) ban(p []string) error {
	expires, err := strconv.ParseInt(p[4], 10, 64)
	if err != nil {
		return fmt.Errorf("translate: the network's state has a malformed BAN of %s", p[1])
	}
	l.m.bans[p[0]+" "+p[1]] = expires
	return nil
}

func unstar(s string) string {
	if s == "*" {
		return ""
	}
	return s
}

func (l *loader) channel(command string, p []string) error {
	ch := l.m.channels[casemapping.Fold(p[0])]
	if command == "CHANNEL" && ch == nil {
		ch = l.m.addChannel(p[0])
	}
	if ch == nil {
		return fmt.Errorf("translate: the network's state has %s of %s before CHANNEL", command, p[0])
	}
	switch command {
	case "CHANNEL":
		return l.modes(ch, p)
	case "MEMBERS":
		return l.members(ch, words(p[1:]))
	case "ENTRY":
		at, err := strconv.ParseInt(p[4], 10, 64)
		if err != nil || len(p[1]) != 2 {
			return fmt.Errorf("translate: the network's state has a malformed ENTRY of %s", p[0])
		}
		ch.lists = append(ch.lists, entry{p[1][1], p[2], p[3], at})
	case "TOPIC":
		at, err := strconv.ParseInt(p[2], 10, 64)
		if err != nil {
			return fmt.Errorf("translate: the network's state has a malformed TOPIC of %s", p[0])
		}
		ch.topic = network.Topic{Text: p[3], Setter: p[1], SetAt: at}
	}
	return nil
}

// modes reads CHANNEL <channel> <created> <+modes> <parameter>…
func (l *loader) modes(ch *channel, p []string) (err error) {
	if ch.created, err = strconv.ParseInt(p[1], 10, 64); err != nil {
		return fmt.Errorf("translate: the network's state has a malformed CHANNEL %s", p[0])
	}
	params := p[3:]
	for _, letter := range []byte(p[2]) {
		if letter == '+' {
			continue
		}
		if strings.IndexByte(paramModes, letter) < 0 {
			ch.flags |= letterBit(letter)
			continue
		}
		if len(params) == 0 {
			return fmt.Errorf("translate: the network's state has a CHANNEL %s with too few parameters", p[0])
		}
		ch.setParam(letter, params[0])
		params = params[1:]
	}
	return nil
}

// paramModes are the channel modes of a RobustIRC network with a parameter.
const paramModes = "fjkl"

func (l *loader) members(ch *channel, words []string) error {
	for _, w := range words {
		letters, uid, ok := strings.Cut(w, ",")
		u := l.m.users[uid]
		if !ok || u == nil {
			return fmt.Errorf("translate: the network's state has a member %q of %s, who it has not told of", w, ch.name)
		}
		l.m.enter(u, ch, network.ParseStatus(letters))
	}
	return nil
}

// Feedback is what a line of the gateway's link has said.
type Feedback struct {
	// Kind is the line's command: GATEWAY, USER, READY, REPAIRED, REFUSED, GONE, or another that says nothing here.
	Kind string
	// Token is, with READY, that of the STATE which this is the end of, or "" when nobody had asked.
	Token string
	// UID, Nick and Session are of USER.
	UID, Nick, Session string
	// Last is of READY: the id of the last line that the network has taken.
	Last string
	// Drift is, with READY, in what the network differs from what we thought, where we thought anything.
	Drift []string
}

// Hear takes a line of the gateway's link, without its ending. The slice of operations is valid until the next call. Lines
// of users' own streams are not for it; see Answered.
func (t *Translator) Hear(line string) (Feedback, []Op, error) {
	t.begin("feedback")
	var m irc.Message
	if err := m.Parse(line); err != nil {
		return Feedback{}, nil, fmt.Errorf("translate: a line of the gateway's link: %w", err)
	}
	f, p := Feedback{Kind: m.Command}, m.Params()
	err := t.hear(&f, p)
	return f, t.ops, err
}

func (t *Translator) hear(f *Feedback, p []string) error {
	switch {
	case f.Kind == "GATEWAY":
		return t.greeted(p)
	case f.Kind == "STATE" && len(p) > 0:
		t.loading = &loader{m: newMirror(), token: p[0], awaited: true}
		return nil
	case f.Kind == "READY":
		t.ready(f, p)
		return nil
	case f.Kind == "USER" && len(p) >= 11:
		f.UID, f.Nick, f.Session = p[0], p[1], p[9]
	case f.Kind == "USER" && len(p) >= 2:
		f.UID, f.Nick = p[0], p[1]
		if len(p) > 2 {
			f.Session = p[2]
		}
		t.given(f.UID, f.Nick)
		return nil
	case f.Kind == "REPAIRED" && len(p) >= 3:
		t.divergences.add(p[1], "REPAIRED", strings.Join(p, " "))
		return nil
	case f.Kind == "REFUSED" && len(p) >= 2:
		t.refuse(p)
		return nil
	case f.Kind == "GONE" && len(p) >= 1:
		t.ended(p)
		return nil
	}
	if t.loading != nil {
		_, err := t.loading.take(f.Kind, p)
		return err
	}
	return nil
}

// greeted takes the limits. The state follows, unless it is only the limits that have changed: then what is begun here is
// never finished, which does no harm.
func (t *Translator) greeted(p []string) error {
	l, err := ParseLimits(words(p[min(len(p), 1):]))
	if err != nil {
		return err
	}
	t.limits = l
	next := &loader{m: newMirror()}
	if t.loading != nil && t.loading.awaited {
		next.token = t.loading.token
	}
	t.loading = next
	return nil
}

// words parts parameters of which the last, as the fifteenth of a message, may hold several.
func words(p []string) []string { return strings.Fields(strings.Join(p, " ")) }

func (t *Translator) ready(f *Feedback, p []string) {
	if len(p) > 0 {
		f.Last = p[0]
	}
	if t.loading == nil {
		return
	}
	f.Token = t.loading.token
	f.Drift = t.load(t.loading.m)
	t.loading = nil
	if len(f.Drift) > 0 {
		t.divergences.add("STATE", "DRIFT", f.Drift[0])
	}
}
