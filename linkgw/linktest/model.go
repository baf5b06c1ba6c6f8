package linktest

import (
	"slices"
	"strings"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// ViewOf is what clients must see when a model is right, restricted to what they were shown: members of channels that
// somebody looked at from inside, lists that somebody was shown, modes and addresses of users where they were told.
func ViewOf(k Kind, n *network.Network, shown View) View {
	v := View{Users: map[string]UserView{}, Channels: map[string]ChannelView{}}
	fold := k.Casemapping().Fold
	users := map[*network.User]bool{}
	for _, e := range append(n.Burst(), n.OwnBurst()...) {
		switch b := e.Body.(type) {
		case s2s.UserIntroduced:
			u := n.User(b.UID)
			users[u] = true
			v.Users[fold(u.Nick)] = userOf(k, u, shown.Users[fold(u.Nick)])
		case s2s.ChannelBurst:
			c := n.Channel(b.Channel)
			v.Channels[fold(c.Name)] = channelOf(c, shown.Channels, fold(c.Name))
		}
	}
	return v
}

func userOf(k Kind, u *network.User, shown UserView) UserView {
	v := UserView{Nick: u.Nick, Ident: u.Ident, Host: u.Host, Realname: u.Realname, Server: u.Server.Name, Away: u.Away(), Oper: k.isOper(u), Account: u.Account, Certificate: u.Certificate()}
	if shown.RealHost != nil {
		v.RealHost = &u.RealHost
	}
	if shown.IP != nil {
		v.IP = &u.IP
	}
	if shown.Extra != nil {
		extra := extraOf(k, u)
		v.Extra = &extra
	}
	if shown.Modes != nil {
		modes := k.remoteModes(u.Modes)
		v.Modes = &modes
	}
	return v
}

// extraOf is the user's extra lines of WHOIS, sorted.
func extraOf(k Kind, u *network.User) string {
	var lines []string
	if k == Unreal {
		lines = operLines(u)
	}
	for _, l := range u.WhoisLines() {
		lines = append(lines, l.Text)
	}
	slices.Sort(lines)
	return strings.Join(lines, "|")
}

// operLines is what UnrealIRCd 6 says of operators and services. Others, and version 5, name the privileges that only the operator's own
// server knows.
func operLines(u *network.User) (lines []string) {
	if u.HasMode('S') { // usermodes/servicebot.c
		lines = append(lines, "is a Network Service")
	}
	if u.HasMode('o') { // whois.c
		line := "is an IRC Operator"
		if u.Operator() != "" {
			line += " (" + u.Operator() + ")"
		}
		if u.Privileges() != "" {
			line += " [" + u.Privileges() + "]"
		}
		lines = append(lines, line)
	}
	return lines
}

// isOper is whether WHOIS says that somebody is an operator; UnrealIRCd says more of bots
// of services, which are taken for none (unreal:usermodes/servicebot.c).
func (k Kind) isOper(u *network.User) bool {
	return u.HasMode('o') && !(k.isUnreal() && u.HasMode('S'))
}

// remoteModes takes out what a server keeps to itself, and sorts.
func (k Kind) remoteModes(letters string) string {
	b := slices.DeleteFunc([]byte(letters), func(c byte) bool { return c == '+' || strings.IndexByte(k.software().localUmodes, c) >= 0 })
	slices.Sort(b)
	return string(b)
}

func channelOf(c *network.Channel, all map[string]ChannelView, key string) ChannelView {
	shown, ok := all[key]
	v := ChannelView{Name: c.Name, Modes: c.ModeString(), ListsSeen: shown.ListsSeen, Topic: c.Topic.Text, TopicBy: c.Topic.Setter, TopicAt: c.Topic.SetAt}
	if ok && shown.Members == nil {
		v.Modes = modeLetters(v.Modes)
	}
	if shown.TS != 0 || !ok {
		v.TS = c.TS
	}
	if c.Topic.Text == "" && shown.TopicBy == "" { // clients may be told that there is none, and nothing of who cleared it
		v.TopicBy, v.TopicAt = "", 0
	}
	if shown.Members != nil || !ok {
		v.Members = map[string]string{}
		for _, m := range c.Members() {
			v.Members[m.User.Nick] = m.Status.String()
		}
	}
	for _, e := range c.Lists() {
		if strings.Contains(shown.ListsSeen, e.Letter) || !ok {
			v.Lists = append(v.Lists, e)
		}
	}
	return v
}
