package translate_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"robustirc/core/irc"
)

// double is the new network at its simplest: it does what lines of the gateway API say, refuses no user anything (or
// repairs at once, which is the same), and tells what it has.
type double struct {
	users    map[string]*doubleUser
	channels map[string]*doubleChannel
	now      int64
	limits   string
	wrong    []string // what made no sense
	bans     map[string]string
}

type doubleUser struct {
	uid, nick, ident, host, ip, signon, account, class, real, away string
	modes                                                          map[byte]bool
}

type doubleChannel struct {
	name    string
	created int64
	modes   map[byte]string // parameter, or ""
	lists   []doubleEntry
	topic   [3]string // setter, time, text
	members map[string]string
}

type doubleEntry struct{ letter, mask, setter, at string }

const defaultGateway = "NICKLEN=30 USERLEN=16 HOSTLEN=63 REALLEN=150 CHANNELLEN=50 TOPICLEN=390 KICKLEN=300 AWAYLEN=300 KEYLEN=24 " +
	"LISTENTRIES=100 CHANMODES=Ibe,k,fjl,CKMNPRSTcimnprstu PREFIX=(qaohv)~&@%+ USERMODES=BDGRZgiorswx FOUNDER=o LINELEN=510"

func newDouble() *double {
	return &double{users: map[string]*doubleUser{}, channels: map[string]*doubleChannel{}, bans: map[string]string{}, limits: defaultGateway}
}

func fold(s string) string { return irc.RFC1459.Fold(s) }

func (d *double) fail(line, why string) { d.wrong = append(d.wrong, why+": "+line) }

// byNick finds a user by nick, or by an id, which is no nick.
func (d *double) byNick(nick string) *doubleUser {
	if u := d.users[nick]; u != nil {
		return u
	}
	for _, u := range d.users {
		if fold(u.nick) == fold(nick) {
			return u
		}
	}
	return nil
}

// post does a line and returns what the link is told.
func (d *double) post(line string, now int64) (told []string) {
	d.now = now
	var m irc.Message
	if err := m.Parse(line); err != nil {
		d.fail(line, err.Error())
		return nil
	}
	p := m.Params()
	if m.Source == "" {
		return d.effect(line, m.Command, allParams(line))
	}
	u := d.users[m.Source]
	if u == nil {
		d.fail(line, "nobody has this id")
		return nil
	}
	d.command(line, u, m.Command, p)
	return nil
}

// allParams are the parameters of a line without source, also those beyond the fifteenth.
func allParams(line string) []string {
	words, text, ok := strings.Cut(line, " :")
	p := strings.Fields(words)[1:]
	if ok {
		p = append(p, text)
	}
	return p
}

func (d *double) effect(line, command string, p []string) (told []string) {
	need := map[string]int{"USER": 10, "GONE": 2, "KILL": 3, "NICK": 2, "HOST": 3, "REALNAME": 2, "ACCOUNT": 2, "AWAY": 1, "CLASS": 2,
		"UMODE": 2, "MEMBERS": 3, "CHANNEL": 4, "MODE": 3, "ENTRY": 5, "TOPIC": 4, "PARTED": 2, "KICK": 4, "INVITE": 3, "SAY": 4,
		"WALLOPS": 2, "BAN": 6, "UNBAN": 2}[command]
	if need == 0 || len(p) < need {
		d.fail(line, "no such effect, or too few parameters")
		return nil
	}
	switch command {
	case "USER":
		return d.introduce(line, p)
	case "GONE":
		for _, uid := range p[:len(p)-1] {
			d.end(line, uid)
		}
		return nil
	case "MEMBERS", "CHANNEL", "MODE", "ENTRY", "TOPIC":
		d.channelEffect(line, command, p)
		return nil
	case "PARTED", "KICK":
		if ch := d.channel(line, p[0]); ch != nil {
			d.leave(line, ch, p[1])
		}
		return nil
	case "SAY":
		if target := strings.TrimLeft(p[2], "@%+&~"); target != "$*" {
			d.channel(line, target)
		}
		return nil
	case "WALLOPS":
		return nil
	case "BAN":
		d.bans[p[0]+" "+p[1]] = strings.Join(p[2:5], " ") + " :" + p[5]
		return nil
	case "UNBAN":
		if _, ok := d.bans[p[0]+" "+p[1]]; !ok {
			d.fail(line, "no such ban")
		}
		delete(d.bans, p[0]+" "+p[1])
		return nil
	}
	u := d.users[p[0]]
	if u == nil {
		d.fail(line, "nobody has this id")
		return nil
	}
	switch command {
	case "KILL":
		d.end(line, u.uid)
	case "NICK":
		d.rename(line, u, p[1])
	case "HOST":
		u.ident, u.host = p[1], p[2]
		if len(p) > 3 {
			u.ip = p[3]
		}
	case "REALNAME":
		u.real = p[1]
	case "ACCOUNT":
		u.account = p[1]
	case "AWAY":
		u.away = strings.Join(p[1:], "")
	case "CLASS":
		u.class = p[1]
	case "UMODE":
		u.umode(p[1])
	case "INVITE":
		d.channel(line, p[1])
	}
	return nil
}

func (u *doubleUser) umode(s string) {
	add := true
	for i := range len(s) {
		switch c := s[i]; c {
		case '+', '-':
			add = c == '+'
		default:
			u.modes[c] = add
		}
	}
}

func (d *double) introduce(line string, p []string) []string {
	if d.users[p[0]] != nil {
		d.fail(line, "the id is in use")
		return nil
	}
	u := &doubleUser{uid: p[0], nick: p[1], ident: p[2], host: p[3], ip: p[4], signon: p[5], account: p[6], class: p[7], real: p[9], modes: map[byte]bool{}}
	d.checkNick(line, u, u.nick)
	u.umode(p[8])
	d.users[u.uid] = u
	return []string{":robust USER " + u.uid + " " + u.nick + " 0x1"}
}

func (d *double) checkNick(line string, u *doubleUser, nick string) {
	switch other := d.byNick(nick); {
	case !irc.ValidNick(nick, 30):
		d.fail(line, "a nick that is none")
	case other != nil && other != u:
		d.fail(line, "the nick is in use")
	}
}

func (d *double) rename(line string, u *doubleUser, nick string) {
	d.checkNick(line, u, nick)
	u.nick = nick
}

func (d *double) end(line, uid string) {
	if d.users[uid] == nil {
		d.fail(line, "nobody has this id")
		return
	}
	for _, ch := range d.channels {
		if _, on := ch.members[uid]; on {
			d.leave(line, ch, uid)
		}
	}
	delete(d.users, uid)
}

func (d *double) channel(line, name string) *doubleChannel {
	ch := d.channels[fold(name)]
	if ch == nil {
		d.fail(line, "no such channel")
	}
	return ch
}

func (d *double) leave(line string, ch *doubleChannel, uid string) {
	if _, on := ch.members[uid]; !on {
		d.fail(line, "not a member")
	}
	delete(ch.members, uid)
	d.drop(ch)
}

func (d *double) drop(ch *doubleChannel) {
	if _, stays := ch.modes['P']; len(ch.members) == 0 && !stays {
		delete(d.channels, fold(ch.name))
	}
}

func (d *double) found(line, name string, created int64) *doubleChannel {
	if !irc.ValidChannel(name, 50) {
		d.fail(line, "a channel that is none")
	}
	ch := &doubleChannel{name: name, created: created, modes: map[byte]string{}, members: map[string]string{}}
	d.channels[fold(name)] = ch
	return ch
}

func (d *double) channelEffect(line, command string, p []string) {
	ch := d.channels[fold(p[0])]
	if ch == nil && command != "MEMBERS" {
		d.fail(line, "no such channel")
		return
	}
	switch command {
	case "MEMBERS":
		created, _ := strconv.ParseInt(p[1], 10, 64)
		if ch == nil {
			ch = d.found(line, p[0], created)
			ch.modes['n'], ch.modes['t'] = "", ""
		}
		for _, w := range p[2:] {
			status, uid, ok := strings.Cut(w, ",")
			if !ok || d.users[uid] == nil {
				d.fail(line, "no such member")
			}
			ch.members[uid] = status
		}
	case "CHANNEL":
		ch.created, _ = strconv.ParseInt(p[1], 10, 64)
		ch.modes = map[byte]string{}
		d.changeModes(line, ch, p[2], p[3:], false)
		d.drop(ch)
	case "MODE":
		d.changeModes(line, ch, p[1], p[2:], false)
		d.drop(ch)
	case "ENTRY":
		ch.entry(p[1][0] == '+', doubleEntry{p[1][1:], p[2], p[3], p[4]}, true)
	case "TOPIC":
		ch.topic = [3]string{p[1], p[2], p[3]}
	}
}

// entry adds or removes one; with force an entry that is there takes over setter and time.
func (ch *doubleChannel) entry(add bool, e doubleEntry, force bool) {
	at := slices.IndexFunc(ch.lists, func(x doubleEntry) bool { return x.letter == e.letter && fold(x.mask) == fold(e.mask) })
	switch {
	case add && at < 0:
		ch.lists = append(ch.lists, e)
	case add && force:
		ch.lists[at].setter, ch.lists[at].at = e.setter, e.at
	case !add && at >= 0:
		ch.lists = slices.Delete(ch.lists, at, at+1)
	}
}

func (d *double) changeModes(line string, ch *doubleChannel, by string, words []string, nicks bool) {
	spec, _ := irc.ParseModeSpec("Ibe,k,fjl,CKMNPRSTcimnprstu", "(qaohv)~&@%+")
	changes, errs := irc.ParseModes(spec, words)
	if len(errs) > 0 {
		d.fail(line, errs[0].Error())
	}
	for _, c := range changes {
		switch spec.Class(c.Mode) {
		case irc.ModePrefix:
			uid := c.Param
			if nicks {
				if u := d.byNick(uid); u != nil {
					uid = u.uid
				}
			}
			status, on := ch.members[uid]
			if !on {
				d.fail(line, "not a member")
				continue
			}
			ch.members[uid] = withStatus(status, c.Mode, c.Add)
		case irc.ModeList:
			ch.entry(c.Add, doubleEntry{string([]byte{c.Mode}), c.Param, by, strconv.FormatInt(d.now, 10)}, false)
		default:
			if !c.Add {
				delete(ch.modes, c.Mode)
				continue
			}
			if c.Mode == 's' {
				delete(ch.modes, 'p')
			}
			if c.Mode == 'p' {
				delete(ch.modes, 's')
			}
			ch.modes[c.Mode] = c.Param
		}
	}
}

func withStatus(status string, letter byte, add bool) string {
	out := ""
	for _, l := range []byte("qaohv") {
		has := strings.IndexByte(status, l) >= 0
		if l == letter {
			has = add
		}
		if has {
			out += string([]byte{l})
		}
	}
	return out
}

func (d *double) command(line string, u *doubleUser, command string, p []string) {
	mask := u.nick + "!" + u.ident + "@" + u.host
	switch command {
	case "JOIN":
		ch := d.channels[fold(p[0])]
		if ch == nil {
			ch = d.found(line, p[0], d.now)
			ch.modes['n'], ch.modes['t'] = "", ""
			ch.members[u.uid] = "o"
		} else if _, on := ch.members[u.uid]; on {
			d.fail(line, "already a member")
		} else {
			ch.members[u.uid] = ""
		}
	case "PART":
		if ch := d.channel(line, p[0]); ch != nil {
			d.leave(line, ch, u.uid)
		}
	case "KICK":
		ch, v := d.channel(line, p[0]), d.byNick(p[1])
		if ch == nil || v == nil {
			d.fail(line, "no such channel or nick")
			return
		}
		d.leave(line, ch, v.uid)
	case "NICK":
		d.rename(line, u, p[0])
	case "AWAY":
		u.away = strings.Join(p, "")
	case "QUIT":
		d.end(line, u.uid)
	case "TOPIC":
		if ch := d.channel(line, p[0]); ch != nil {
			ch.topic = [3]string{u.nick, strconv.FormatInt(d.now, 10), p[1]}
		}
	case "MODE":
		if fold(p[0]) == fold(u.nick) {
			u.umode(p[1])
		} else if ch := d.channel(line, p[0]); ch != nil {
			d.changeModes(line, ch, mask, p[1:], true)
			d.drop(ch)
		}
	case "PRIVMSG", "NOTICE":
		d.channel(line, strings.TrimLeft(p[0], "@%+&~"))
	case "INVITE":
		if d.byNick(p[0]) == nil || d.channel(line, p[1]) == nil {
			d.fail(line, "no such nick")
		}
	case "KNOCK":
		d.channel(line, p[0])
	case "WALLOPS":
	default:
		d.fail(line, "no such command")
	}
}

// state is what the network says it has, as STATE answers.
func (d *double) state() []string {
	say := func(format string, args ...any) string { return ":robust " + fmt.Sprintf(format, args...) }
	list := []string{say("STATE t"), say("GATEWAY canary %s", d.limits)}
	for _, uid := range slices.Sorted(maps.Keys(d.users)) {
		u := d.users[uid]
		modes := ""
		for _, c := range slices.Sorted(maps.Keys(u.modes)) {
			if u.modes[c] {
				modes += string([]byte{c})
			}
		}
		list = append(list, say("USER %s %s %s %s %s %s %s %s +%s 0x1 :%s", u.uid, u.nick, u.ident, u.host, u.ip, u.signon, u.account, u.class, modes, u.real))
		if u.away != "" {
			list = append(list, say("AWAY %s :%s", u.uid, u.away))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.channels)) {
		if ch := d.channels[name]; len(ch.members) > 0 {
			list = append(list, ch.state(say)...)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(d.bans)) {
		list = append(list, say("BAN %s %s", key, d.bans[key]))
	}
	return append(list, say("READY 1"))
}

func (ch *doubleChannel) state(say func(string, ...any) string) (list []string) {
	letters, params := "+", ""
	for _, c := range slices.Sorted(maps.Keys(ch.modes)) {
		letters += string([]byte{c})
		if ch.modes[c] != "" {
			params += " " + ch.modes[c]
		}
	}
	list = append(list, say("CHANNEL %s %d %s%s", ch.name, ch.created, letters, params))
	for _, uid := range slices.Sorted(maps.Keys(ch.members)) {
		list = append(list, say("MEMBERS %s %s,%s", ch.name, ch.members[uid], uid))
	}
	for _, e := range ch.lists {
		list = append(list, say("ENTRY %s +%s %s %s %s", ch.name, e.letter, e.mask, e.setter, e.at))
	}
	if ch.topic[2] != "" {
		list = append(list, say("TOPIC %s %s %s :%s", ch.name, ch.topic[0], ch.topic[1], ch.topic[2]))
	}
	return list
}
