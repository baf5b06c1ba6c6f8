package compare

import (
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// maxEarly bounds the lines of a handshake.
const maxEarly = 4096

// linkIn is a line of the live network.
func (e *Engine) linkIn(line string) {
	if e.model == nil {
		if len(e.early) < maxEarly {
			e.early = append(e.early, line)
		}
		return
	}
	e.linkLines++
	e.tally.liveLine(e)
	verb := verbOf(line)
	ev, err := e.codec.Decode(line)
	if err != nil {
		e.cover.skip(verb, "parse-error")
		return
	}
	before := e.ord
	changes := e.model.Apply(e.wall(), ev)
	e.lower(changes, line)
	e.cover.line(e, verb, changes, ev.Body, e.ord > before)
	if e.burst == bursting && peerSynced(e.model) {
		e.burst = settling
	}
}

func peerSynced(m *network.Network) bool { p := m.Peer(); return p != nil && p.Synced }

// linkOut is a line of ours, which the model takes as the peer does. Our own users are not compared.
func (e *Engine) linkOut(line string) {
	if e.model == nil {
		return
	}
	if ev, err := e.codec.Decode(line); err == nil {
		e.lowerOwn(e.model.Say(e.wall(), ev))
	}
}

// verbOf is the command of a line of the link.
func verbOf(line string) string {
	for strings.HasPrefix(line, "@") || strings.HasPrefix(line, ":") {
		_, rest, ok := strings.Cut(line, " ")
		if !ok {
			return "?"
		}
		line = strings.TrimLeft(rest, " ")
	}
	verb, rest, _ := strings.Cut(line, " ")
	if verb == "ENCAP" {
		if f := strings.Fields(rest); len(f) > 1 {
			verb += " " + f[1]
		}
	}
	const longest = 24
	if len(verb) > longest {
		verb = verb[:longest]
	}
	return strings.ToUpper(strings.Clone(verb))
}

// lowerer turns the changes of one event into observations.
type lowerer struct {
	*Engine
	// created is the channel that the event made: what modes it has is shown after who made it has joined.
	created *network.Channel
	held    []network.ModesChanged
}

func (e *Engine) lower(changes []network.Change, line string) {
	l := lowerer{Engine: e}
	for _, c := range changes {
		l.change(c)
	}
	for _, c := range l.held {
		l.modes(c, true)
	}
}

// lowerOwn follows our own users, whom nobody is told of.
func (e *Engine) lowerOwn(changes []network.Change) {
	for _, c := range changes {
		switch c := c.(type) {
		case network.UserAdded:
			e.count(e.person(string(c.User.UID)), false)
		case network.UserRemoved:
			e.userGone(string(c.User.UID))
		}
	}
}

func (l *lowerer) change(c network.Change) {
	l.touch(c)
	switch c := c.(type) {
	case network.ChannelCreated:
		l.created = c.Channel
	case network.ServerAdded:
		l.serverAdded(c.Server)
	case network.ServerSynced:
		delete(l.linking, c.Server.Name)
	case network.UserAdded:
		l.added(c.User)
	case network.UserRemoved:
		l.removed(c)
	case network.NickChanged:
		l.nick(c)
	case network.UserChanged:
		l.user(c.User)
	case network.Split:
		l.split(c)
	case network.Joined:
		l.joined(c)
	case network.Parted:
		l.parted(c)
	case network.Kicked:
		l.kicked(c)
	case network.ModesChanged:
		if c.Channel == l.created {
			l.held = append(l.held, c)
			return
		}
		l.modes(c, false)
	case network.TopicChanged:
		l.topic(c)
	case network.MessageSeen:
		l.message(c)
	case network.Invited:
		l.invited(c)
	case network.ChannelAged:
		l.room(c.Channel.Name).Name = c.Channel.Name
	}
}

// added is a new user, whose id may have been somebody else's.
func (l *lowerer) added(u *network.User) {
	if p := l.uids[string(u.UID)]; p != nil && p.Gone {
		delete(l.uids, p.UID)
	}
	p := l.user(u)
	if l.burst == following {
		l.unposted = append(l.unposted, parting{At: l.now + 2*l.window, ID: p.ID})
	}
}

// user notes what a live user is called.
func (l *lowerer) user(u *network.User) *person {
	p := l.person(string(u.UID))
	p.LiveNick, p.LiveHost, p.Gone = u.Nick, u.Ident+"@"+u.Host, false
	return p
}

func (l *lowerer) actor(s network.Source) actor {
	if s.User == nil {
		return server
	}
	return actor{ID: l.person(string(s.User.UID)).ID}
}

// see files an observation. aud is who must have seen it, but for except.
func (l *lowerer) see(k key, r *room, aud *audience, except int32, line string) *event {
	e := l.Engine
	if r != nil {
		k.Target = r.Key
	}
	n := aud.N
	if p := e.people[except]; p != nil && p.Mirrored && aud.has(except) {
		n--
	}
	if n == 0 || !e.observing() {
		if n > 0 && e.burst == following {
			e.cover.excluded++
		}
		return &event{}
	}
	if e.due.len() >= e.opt.MaxPending {
		e.overflow["pending"]++
		e.cover.excluded++
		return &event{}
	}
	e.ord++
	ev := &event{Key: k, Seq: e.seq, Ord: e.ord, At: e.now, Due: e.now + e.window, Line: line, LinkLine: e.linkLines, Aud: aud, Except: except}
	if r != nil {
		ev.Room = r.Key
	}
	if p := e.people[k.Source.ID]; p != nil {
		ev.LiveHost = p.LiveHost
	}
	e.pending.add(k, ev)
	e.due.push(ev)
	e.probes.watch(e, ev)
	e.lines[live].add(ringLine{Seq: e.seq, At: e.now, Text: line, Room: ev.Room, Who: k.Source.ID, More: n})
	return ev
}

// has reports whether somebody is in the audience.
func (a *audience) has(id int32) bool {
	lo, hi := 0, len(a.IDs)
	for lo < hi {
		if mid := (lo + hi) / 2; a.IDs[mid] < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(a.IDs) && a.IDs[lo] == id
}

func (l *lowerer) joined(c network.Joined) {
	p, r := l.user(c.User), l.room(c.Channel.Name)
	if !l.enter(live, r, p) || c.User.Server.Ours || l.private(r, c.Channel) {
		return
	}
	aud := r.side[live].audience()
	self := actor{ID: p.ID}
	ev := l.see(key{Cmd: "JOIN", Source: self}, r, aud, 0, ":"+c.User.Mask()+" JOIN "+c.Channel.Name)
	l.storm(ev, c.User.Server)
	if !ev.Storm {
		l.names.joined(l.Engine, r, p, c.Channel)
	}
	for _, letter := range []byte(c.Status.String()) {
		k := key{Cmd: "MODE +" + string(letter), Source: server, Subject: p.ID}
		ev := l.see(k, r, aud, 0, ":"+c.User.Server.Name+" MODE "+c.Channel.Name+" +"+string(letter)+" "+c.User.Nick)
		ev.Optional = true
		l.storm(ev, c.User.Server)
	}
}

// storm marks what a server tells while it links: on its own side it is nothing new, so that not everybody who is on a
// channel is shown it (N-10).
func (l *lowerer) storm(ev *event, s *network.Server) {
	until, linking := l.linking[s.Name]
	ev.Storm = linking && l.now < until
	if ev.Storm {
		l.stormUntil = l.now + l.window
	}
	ev.Optional = ev.Optional || ev.Storm
}

// touch notes what has just changed, of which the new network may not have been told.
func (l *lowerer) touch(c network.Change) {
	user := func(u *network.User) { l.person(string(u.UID)).Touched = l.now }
	switch c := c.(type) {
	case network.UserAdded:
		user(c.User)
	case network.NickChanged:
		user(c.User)
	case network.UserChanged:
		user(c.User)
	case network.UserRemoved:
		user(c.User)
	case network.Joined:
		user(c.User)
		l.room(c.Channel.Name).Touched = l.now
	case network.Parted:
		user(c.User)
	case network.Kicked:
		user(c.User)
	case network.ModesChanged:
		l.room(c.Channel.Name).Touched = l.now
		for _, m := range c.Modes {
			if m.User != nil {
				user(m.User)
			}
		}
	case network.TopicChanged:
		l.room(c.Channel.Name).Touched = l.now
	}
}

// serverAdded is a server that links while we look: what it tells until it is synced, or for a while, is its burst.
func (l *lowerer) serverAdded(s *network.Server) {
	if l.burst == following && len(l.linking) < maxNames {
		l.linking[strings.Clone(s.Name)] = l.now + time.Minute
	}
}

func (l *lowerer) parted(c network.Parted) {
	p, r := l.person(string(c.User.UID)), l.room(c.Channel.Name)
	aud := r.side[live].audience()
	private := l.private(r, c.Channel)
	l.leave(live, r, p)
	if !c.User.Server.Ours && !private {
		l.see(key{Cmd: "PART", Source: actor{ID: p.ID}, Text: c.Reason}, r, aud, 0, ":"+c.User.Mask()+" PART "+c.Channel.Name+" :"+c.Reason)
	}
}

func (l *lowerer) kicked(c network.Kicked) {
	p, r := l.person(string(c.User.UID)), l.room(c.Channel.Name)
	aud := r.side[live].audience()
	private := l.private(r, c.Channel)
	l.leave(live, r, p)
	if !c.User.Server.Ours && !private {
		k := key{Cmd: "KICK", Source: l.actor(c.By), Subject: p.ID, Text: c.Reason}
		l.see(k, r, aud, 0, ":"+c.By.Mask()+" KICK "+c.Channel.Name+" "+c.User.Nick+" :"+c.Reason)
	}
}

func (l *lowerer) nick(c network.NickChanged) {
	p := l.person(string(c.User.UID))
	p.LiveNick = c.User.Nick
	if c.Old == c.User.Nick || c.User.Server.Ours {
		return
	}
	k := key{Cmd: "NICK", Source: actor{ID: p.ID}, Text: c.User.Nick}
	l.see(k, nil, l.neighbours(live, p, true), 0, ":"+c.Old+"!"+c.User.Ident+"@"+c.User.Host+" NICK "+c.User.Nick)
}

func (l *lowerer) removed(c network.UserRemoved) {
	reason, own := c.Reason, c.Kind != network.RemovedQuit
	if c.Kind == network.RemovedKill && !c.Quiet {
		reason = "Killed (" + c.By.Name() + " (" + c.Reason + "))"
	}
	l.quit(c.User, reason, own, nil)
}

// quit is a user who leaves, before whom others have left with the same server.
func (l *lowerer) quit(u *network.User, reason string, loose bool, also map[int32]bool) {
	p := l.person(string(u.UID))
	aud := l.neighbours(live, p, false)
	if len(also) > 0 {
		aud = l.without(aud, also)
	}
	if !u.Server.Ours {
		ev := l.see(key{Cmd: "QUIT", Source: actor{ID: p.ID}, Text: reason}, nil, aud, 0, ":"+u.Mask()+" QUIT :"+reason)
		ev.Loose = loose
	}
	if also == nil {
		l.userGone(p.UID)
	}
}

func (e *Engine) without(a *audience, gone map[int32]bool) *audience {
	var kept []*person
	for _, id := range a.IDs {
		if p := e.people[id]; p != nil && !gone[id] {
			kept = append(kept, p)
		}
	}
	return newAudience(kept)
}

// split is a server with its users: those who stay see each of them quit (N-10).
func (l *lowerer) split(c network.Split) {
	if c.Ended {
		l.dropLive("link down: split")
		return
	}
	gone := map[int32]bool{}
	for _, u := range c.Users {
		gone[l.person(string(u.UID)).ID] = true
	}
	for _, u := range c.Users {
		l.quit(u, "*.net *.split", true, gone)
	}
	for _, s := range c.Servers {
		delete(l.linking, s.Name)
	}
	for _, u := range c.Users {
		l.userGone(string(u.UID))
	}
}

// userGone removes a live user, who is forgotten when nothing can be about him any more.
func (e *Engine) userGone(uid string) {
	p := e.uids[uid]
	if p == nil {
		return
	}
	e.leaveAll(live, p)
	p.Gone = true
	e.leaving = append(e.leaving, parting{At: e.now + 5*e.window, ID: p.ID})
}

func (l *lowerer) modes(c network.ModesChanged, optional bool) {
	r := l.room(c.Channel.Name)
	if l.private(r, c.Channel) {
		return
	}
	aud, by := r.side[live].audience(), l.actor(c.By)
	for _, m := range c.Modes {
		if m.User != nil && m.User.Server.Ours {
			continue
		}
		if l.lacks(m.Letter) {
			l.lacking(m.Letter, aud)
			continue
		}
		ev := l.see(l.modeKey(m, by), r, aud, 0, ":"+c.By.Mask()+" MODE "+c.Channel.Name+" "+sign(m.Add)+string([]byte{m.Letter})+param(m.Param))
		// Who founds a channel has been shown that already, by the new network of its own accord (N-9b).
		founded := c.By.User == nil && aud.N == 1 && m.Add && (m.Letter == 'n' || m.Letter == 't')
		ev.Optional = ev.Optional || optional || founded
		ev.Loose = m.User == nil && extended(m.Param)
		if c.By.User == nil && c.By.Server != nil {
			l.storm(ev, c.By.Server)
		}
	}
}

// modeKey is one change of a mode, by the new network's letter.
func (l *lowerer) modeKey(m network.ModeChange, by actor) key {
	k := key{Cmd: "MODE " + sign(m.Add) + string([]byte{l.mapLetter(m.Letter)}), Source: by}
	spec := l.model.Modes()
	switch {
	case m.User != nil:
		k.Subject = l.person(string(m.User.UID)).ID
	case spec.Class(m.Letter) == irc.ModeList:
		k.Text = l.mapMask(m.Letter, m.Param)
	default:
		k.Text = l.modeParam(spec, m.Add, m.Letter, m.Param)
	}
	return k
}

func param(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

func sign(add bool) string {
	if add {
		return "+"
	}
	return "-"
}

func (l *lowerer) topic(c network.TopicChanged) {
	r := l.room(c.Channel.Name)
	if c.Old.Text == c.Channel.Topic.Text && c.By.User == nil {
		return // only its setter or time: nobody is shown that
	}
	if l.private(r, c.Channel) {
		return
	}
	k := key{Cmd: "TOPIC", Source: l.actor(c.By), Text: c.Channel.Topic.Text}
	ev := l.see(k, r, r.side[live].audience(), 0, ":"+c.By.Mask()+" TOPIC "+c.Channel.Name+" :"+c.Channel.Topic.Text)
	ev.Optional = c.Old.Text == c.Channel.Topic.Text
	if c.By.User == nil && c.By.Server != nil {
		l.storm(ev, c.By.Server)
	}
}

func (l *lowerer) invited(c network.Invited) {
	if c.User.Server.Ours {
		return
	}
	if l.private(l.room(c.Channel.Name), c.Channel) {
		return
	}
	p := l.person(string(c.User.UID))
	k := key{Cmd: "INVITE", Source: l.actor(c.By), Subject: p.ID}
	l.see(k, l.room(c.Channel.Name), newAudience([]*person{p}), 0, ":"+c.By.Mask()+" INVITE "+c.User.Nick+" "+c.Channel.Name)
}

// message is text to a channel or user. Servers' texts are out of scope (N-11), and so is what has none.
func (l *lowerer) message(c network.MessageSeen) {
	if c.By.User == nil || c.Kind != s2s.Privmsg && c.Kind != s2s.Notice || c.By.Ours() {
		l.cover.outside("SERVER-NOTICE")
		return
	}
	k := key{Cmd: string(c.Kind), Source: l.actor(c.By), Text: c.Text}
	head := ":" + c.By.Mask() + " " + string(c.Kind) + " "
	switch {
	case c.Channel != nil:
		r := l.room(c.Channel.Name)
		if l.private(r, c.Channel) {
			return
		}
		aud := l.hearers(r, c)
		if c.Status != "" {
			k.Cmd += " " + c.Status
		}
		l.see(k, r, aud, k.Source.ID, head+c.Status+c.Channel.Name+" :"+c.Text)
	case c.User != nil:
		l.cover.outside("PRIVATE") // what users say to each other is not mirrored
	}
}

// deafMode is the user mode of those who get no channel text.
func deafMode(dialect string) byte {
	if strings.HasPrefix(dialect, "unreal") {
		return 'd'
	}
	return 'D'
}

// hearers are the members a channel message goes to: those of a status or a higher one, when it says so, and none of
// the deaf.
func (l *lowerer) hearers(r *room, c network.MessageSeen) *audience {
	deaf := deafMode(l.up.Dialect)
	all := c.Status == ""
	if all {
		for _, m := range c.Channel.Members() {
			if m.User.HasMode(deaf) {
				all = false
				break
			}
		}
	}
	if all {
		return r.side[live].audience()
	}
	var list []*person
	for _, m := range c.Channel.Members() {
		if !m.User.HasMode(deaf) && l.reaches(c.Status, m.Status) {
			list = append(list, l.person(string(m.User.UID)))
		}
	}
	return newAudience(list)
}

// reaches reports whether a message to the lowest of some prefix signs reaches a status.
func (l *lowerer) reaches(signs string, s network.Status) bool {
	if signs == "" {
		return true
	}
	modes := l.model.Modes()
	letters, symbols := modes.Letters(irc.ModePrefix), modes.Symbols()
	lowest := -1
	for i := range len(symbols) {
		if strings.IndexByte(signs, symbols[i]) >= 0 {
			lowest = i
		}
	}
	for i := range len(letters) {
		if i <= lowest && s.Has(letters[i]) {
			return true
		}
	}
	return false
}
