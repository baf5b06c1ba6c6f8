package original

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"robustirc/core/ircserver"
)

// seedLink is the name of a services link that makes a snapshot's state anew and is gone before the log goes on: it may
// let people into channels whatever their modes, and set a topic with the time and the setter of old.
const seedLink = "import.invalid"

// seed makes inputs of what a snapshot knew: each session comes at its time, registers, and is put into its channels.
type seed struct {
	c     *converter
	s     *serverState
	link  ircserver.SessionID
	ours  map[id]ircserver.SessionID // of a pseudo-client its link
	nicks map[string]*sessionState   // by nick in the original's lower case
}

// seed is called with the state of a snapshot, or nil when it has none.
func (c *converter) seed(s *serverState) error {
	if s == nil {
		c.lost["the state of a snapshot that has none"]++
		return c.err
	}
	d := &seed{c: c, s: s, ours: map[id]ircserver.SessionID{}, nicks: map[string]*sessionState{}}
	for i := range s.sessions {
		u := &s.sessions[i]
		u.created = cmp.Or(u.created, int64(u.id.Id))
		d.nicks[lower(u.nick)] = u
	}
	slices.SortFunc(s.sessions, func(a, b sessionState) int {
		return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id.Id, b.id.Id), cmp.Compare(a.id.Reply, b.id.Reply))
	})
	for i := range s.sessions { // sorting moved them
		d.nicks[lower(s.sessions[i].nick)] = &s.sessions[i]
	}
	d.begin()
	for i := range s.sessions {
		d.session(&s.sessions[i])
	}
	c.now = max(c.now, s.latest())
	slices.SortFunc(s.channels, func(a, b channelState) int { return strings.Compare(a.name, b.name) })
	for i := range s.channels {
		d.channel(&s.channels[i])
	}
	d.rest()
	d.end()
	return c.err
}

// latest is the latest time that a state knows: topics were set by then.
func (s *serverState) latest() (at int64) {
	for i := range s.sessions {
		at = max(at, s.sessions[i].created, s.sessions[i].lastActivity)
	}
	for i := range s.channels {
		at = max(at, s.channels[i].topicTime)
	}
	return at
}

var foldNick = strings.NewReplacer("[", "{", "]", "}", "\\", "|")

// lower is the original's lower case of a nick.
func lower(nick string) string { return foldNick.Replace(strings.ToLower(nick)) }

// begin makes the link, and lets in as many as there are whatever the limits.
func (d *seed) begin() {
	if len(d.s.sessions) > 0 {
		d.c.now = max(0, d.s.sessions[0].created)
	}
	if d.s.hasConf {
		open := d.s.config
		open.MaxSessions, open.MaxChannels = 0, 0
		d.c.setConfig(&open, d.c.now)
	}
	d.link = ircserver.SessionID(d.c.put(ircserver.Input{Kind: ircserver.KindCreate, Time: d.c.now, Remote: "127.0.0.1"}))
	d.c.refused = d.link
	d.granted(d.link, "PASS :*", "services")
	d.tell("SERVER %s 1 :makes the state of a snapshot anew", seedLink)
}

// end removes the link.
func (d *seed) end() {
	d.tell("SQUIT %s :done", seedLink)
	d.c.refused = 0
	if d.s.hasConf {
		d.c.setConfig(&d.s.config, d.c.now)
	}
	d.verify()
}

func (d *seed) granted(u ircserver.SessionID, line, granted string) {
	d.c.put(ircserver.Input{Kind: ircserver.KindLine, Time: d.c.now, Session: u, Text: line, Granted: granted})
}

// say puts a line of a session.
func (d *seed) say(u ircserver.SessionID, format string, args ...any) {
	d.granted(u, d.c.text(fmt.Sprintf(format, args...)), "")
}

// tell puts a line of the link.
func (d *seed) tell(format string, args ...any) { d.say(d.link, format, args...) }

// session makes a session anew.
func (d *seed) session(u *sessionState) {
	if u.id.Reply != 0 {
		d.pseudoClient(u)
		return
	}
	our := d.c.create(&message{Id: u.id, UnixNano: u.created, Data: u.auth, RemoteAddr: u.remote})
	d.ours[u.id] = our
	if u.server {
		d.granted(our, "PASS :*", "services")
		d.say(our, "SERVER %s 1 :%s", cmp.Or(u.serverName, u.nick), u.realname)
		return
	}
	if !u.registered() && u.pass != "" {
		line, claims := ircserver.Claims("PASS :" + u.pass)
		d.granted(our, line, strings.Join(d.s.config.granted(claims), " "))
	}
	if u.nick != "" {
		d.say(our, "NICK %s", u.nick)
	}
	if u.registered() {
		d.say(our, "USER %s 0 * :%s", cmp.Or(u.user, "unknown"), u.realname)
		d.rights(our, u)
	}
}

// rights gives a session its modes and what services remember it by.
func (d *seed) rights(our ircserver.SessionID, u *sessionState) {
	if u.operator {
		if len(d.s.config.IRC.Operators) > 0 { // which of the blocks it was is not recorded
			name := d.s.config.IRC.Operators[0].Name
			d.granted(our, "OPER "+name+" *", name)
		} else {
			d.c.lost["operators of a network that has no operator blocks any more"]++
		}
	}
	for _, mode := range u.modes {
		switch mode {
		case "o": // as above
		case "i", "G", "r":
			d.tell("SVSMODE %s +%s", u.nick, mode)
		default:
			d.c.lost["user mode "+mode]++
		}
	}
	if u.svid != "" && u.svid != "0" {
		d.tell("SVSMODE %s +d %s", u.nick, u.svid)
	}
}

func (d *seed) pseudoClient(u *sessionState) {
	link, ok := d.ours[id{Id: u.id.Id}]
	if !ok {
		d.c.lost["pseudo-clients of services whose link is gone"]++
		return
	}
	d.ours[u.id] = link
	d.say(link, "NICK %s 1 %d %s services services 0 :%s", u.nick, u.created/int64(time.Second), cmp.Or(u.user, "services"), u.realname)
}

// channel makes a channel anew. Whoever comes first founds it, so an operator does when there is one.
func (d *seed) channel(ch *channelState) {
	slices.SortFunc(ch.members, func(a, b memberState) int {
		if a.op != b.op {
			return cmp.Compare(btoi(b.op), btoi(a.op))
		}
		return strings.Compare(a.nick, b.nick)
	})
	first := true
	for _, m := range ch.members {
		u := d.nicks[lower(m.nick)]
		if u == nil {
			d.c.lost["members of channels who are nobody"]++
			continue
		}
		d.join(u, ch.name)
		if m.op != first {
			sign := '+'
			if first {
				sign = '-'
			}
			d.tell("MODE %s %co %s", ch.name, sign, u.nick)
		}
		first = false
	}
	if first {
		d.c.lost["channels without members"]++
		return
	}
	d.channelModes(ch)
	if ch.topic != "" {
		d.tell("TOPIC %s %s %d :%s", ch.name, cmp.Or(ch.topicNick, "*"), ch.topicTime/int64(time.Second), ch.topic)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (d *seed) join(u *sessionState, channel string) {
	if u.id.Reply != 0 {
		d.say(d.ours[u.id], ":%s JOIN %s", u.nick, channel)
		return
	}
	d.tell("SVSJOIN %s %s", u.nick, channel)
}

// channelModes changes a channel's modes from those of a new one, n and t, to what they were.
func (d *seed) channelModes(ch *channelState) {
	for _, mode := range []string{"n", "t"} {
		if !slices.Contains(ch.modes, mode) {
			d.tell("MODE %s -%s", ch.name, mode)
		}
	}
	for _, mode := range ch.modes {
		switch mode {
		case "n", "t", "k":
		case "s", "i", "r":
			d.tell("MODE %s +%s", ch.name, mode)
		default: // x, captchas
			d.c.lost["channel mode "+mode]++
		}
	}
	if ch.key != "" {
		d.tell("MODE %s +k %s", ch.name, ch.key)
	}
	for _, mask := range ch.bans {
		d.tell("MODE %s +b %s", ch.name, mask)
	}
}

// rest does what needs channels, or comes at a time of its own.
func (d *seed) rest() {
	for i := range d.s.sessions {
		for _, channel := range d.s.sessions[i].invited {
			d.tell("INVITE %s %s", d.s.sessions[i].nick, channel)
		}
	}
	slices.SortFunc(d.s.holds, func(a, b holdState) int { return strings.Compare(a.nick, b.nick) })
	for i := range d.s.holds {
		if left := d.s.holds[i].left(d.c.now); left >= time.Second {
			d.tell("SVSHOLD %s %d :%s", d.s.holds[i].nick, int64(left/time.Second), d.s.holds[i].reason)
		}
	}
	for i := range d.s.sessions {
		if u := &d.s.sessions[i]; u.away != "" && u.registered() && u.id.Reply == 0 {
			d.say(d.ours[u.id], "AWAY :%s", u.away)
		}
	}
}

// verify compares what the machine has with what it should.
func (d *seed) verify() {
	if d.c.m == nil {
		return
	}
	members := map[string]int{}
	for i := range d.s.channels {
		for _, m := range d.s.channels[i].members {
			members[lower(m.nick)]++
		}
	}
	for i := range d.s.sessions {
		u := &d.s.sessions[i]
		if u.id.Reply != 0 || u.server {
			continue
		}
		got, ok := d.c.m.Session(d.ours[u.id])
		if !ok || got.Nick != u.nick || got.Registered != u.registered() || got.Channels != members[lower(u.nick)] || got.Oper != u.operator {
			d.c.lost["sessions that are not quite what they were in the snapshot"]++
		}
	}
	if _, channels := d.c.m.Counts(); channels != len(d.s.channels) {
		d.c.lost["channels of the snapshot that are not there"] += int64(len(d.s.channels) - channels)
	}
}
