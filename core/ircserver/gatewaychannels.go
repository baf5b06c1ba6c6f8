package ircserver

import (
	"slices"
	"strings"

	"robustirc/core/irc"
)

// wanted is a user that MEMBERS puts into a channel, and the statuses it is to have.
type wanted struct {
	*session
	status status
}

// effectMembers puts users into a channel, which is made when it is not there, with exactly these statuses.
func (s *Server) effectMembers(e *effect) string {
	created, ok := parseSeconds(e.Param(1))
	if !ok {
		return badTime
	}
	name := e.Param(0)
	if why := s.mayHold(nil, name); why != "" {
		return why
	}
	list := s.wantedMembers(e, e.words(2))
	if len(list) == 0 {
		return ""
	}
	ch := s.channels[foldChan(name)]
	if ch == nil {
		ch = newChannel(strings.Clone(name), created)
		s.channels[foldChan(ch.name)] = ch
	}
	s.enterAll(ch, list)
	edit := &modeEdit{s: s, by: s.gatewayActor(e.g, s.name()), ch: ch}
	for _, w := range list {
		if m := ch.byID[w.id]; m != nil {
			edit.setStatuses(m, w.status)
		}
	}
	edit.relay()
	s.dropIfEmpty(ch)
	return ""
}

// wantedMembers reads <statuses>,<uid>. Letters that are no status here are passed over.
func (s *Server) wantedMembers(e *effect, words []string) (list []wanted) {
	seen := map[SessionID]bool{}
	for _, word := range words {
		letters, uid, ok := strings.Cut(word, ",")
		if !ok {
			letters, uid = "", word
		}
		u := s.guest(e.g, e.name, uid)
		if u == nil || seen[u.id] {
			continue
		}
		seen[u.id] = true
		w := wanted{session: u}
		for _, letter := range []byte(letters) {
			if row := s.modeOffer().row(letter); row != nil && row.kind == irc.ModePrefix {
				w.status |= row.status
			}
		}
		list = append(list, w)
	}
	return list
}

// enterAll makes those who are not yet members, without status, all at once: those who were there see each of them come,
// and each sees itself. Of the rest of the channel they are shown nothing: it is as it has been on their own network.
func (s *Server) enterAll(ch *channel, list []wanted) {
	before, crowd := ch.all(), slices.Clone(ch.members)
	var came []*member
	for _, w := range list {
		if ch.byID[w.id] == nil && len(w.channels) < gatewayChannels {
			s.uninvite(w.session, ch)
			came = append(came, ch.add(w.session, 0, s.now))
		}
	}
	before = s.withoutLinks(before)
	for _, m := range came {
		to := before
		if !ch.isShown(m) {
			to = s.withoutLinks(selected(crowd, func(v *member) bool { return ch.isShownTo(m, v) }))
		}
		s.send(to, m.prefix, "JOIN", ch.name)
		s.servicesJoin(ch, m)
	}
	for _, m := range came {
		s.send(only(m.session), m.prefix, "JOIN", ch.name)
	}
}

// gatewayActor changes modes of channels in the name of source, whatever the rules.
func (s *Server) gatewayActor(g *gateway, source string) *modeActor {
	return &modeActor{session: s.sessions[g.link], source: strings.Clone(source), effect: g} // lists keep it
}

// setStatuses gives m exactly these statuses.
func (e *modeEdit) setStatuses(m *member, want status) {
	for i := range modeTable {
		row := &modeTable[i]
		if row.kind != irc.ModePrefix || (m.status^want)&row.status == 0 {
			continue
		}
		e.touch(m)
		m.status ^= row.status
		c := irc.ModeChange{Add: m.status&row.status != 0, Mode: row.letter, Param: m.nick, HasParam: true}
		e.applied = append(e.applied, appliedChange{c, m})
	}
}

// forceModes makes changes of modes so, whatever the rules; queries, and errors, are passed over. What could not be done
// is in refused.
func (s *Server) forceModes(by *modeActor, ch *channel, args []string) *modeEdit {
	e := &modeEdit{s: s, by: by, ch: ch}
	offer := s.modeOffer()
	changes, errs := irc.ParseModes(offer.spec, args)
	e.applyAll(slices.DeleteFunc(changes, func(c irc.ModeChange) bool { return c.Query }))
	for _, err := range errs {
		e.refuse(modeError(ch, err, offer.row(err.Mode)))
	}
	return e
}

// applyAll applies changes and shows what was applied. Changes that contradict others are left out, since doing it again
// must change nothing: of two about the same thing the later one counts, and of two modes that exclude each other and are
// both set, the latter in the alphabet.
func (e *modeEdit) applyAll(changes []irc.ModeChange) {
	offer := e.s.modeOffer()
	about := make([]modeSubject, len(changes))
	last := map[modeSubject]int{}
	set := map[byte]bool{}
	for i, c := range changes {
		about[i] = e.subject(offer.row(c.Mode), c)
		last[about[i]] = i
	}
	for _, i := range last { // order does not matter: a set is filled
		set[changes[i].Mode] = set[changes[i].Mode] || changes[i].Add
	}
	for i, c := range changes {
		if row := offer.row(c.Mode); last[about[i]] == i && !(c.Add && row.excludes > c.Mode && set[row.excludes]) {
			e.apply(row, c)
		}
	}
	e.relay()
	e.s.dropIfEmpty(e.ch)
}

// modeSubject is what a change of modes is about: the letter, with the member or the entry that it names.
type modeSubject struct {
	letter byte
	member SessionID
	entry  banKey
	text   string // of what names nothing that could be
}

func (e *modeEdit) subject(row *modeRow, c irc.ModeChange) modeSubject {
	about := modeSubject{letter: c.Mode}
	switch row.kind {
	case irc.ModePrefix:
		if u := e.target(c.Param); u != nil {
			about.member = u.id
		} else {
			about.text = c.Param
		}
	case irc.ModeList:
		if b, _, ok := parseMask(c.Param); ok {
			about.entry = b.banKey
		} else {
			about.text = c.Param
		}
	}
	return about
}

// summary is what was applied, as a MODE line has it.
func (e *modeEdit) summary() string {
	var changes []irc.ModeChange
	for _, c := range e.applied {
		changes = append(changes, c.ModeChange)
	}
	return strings.Join(irc.FormatModes(changes, 0, 0), " ")
}

// tellRefused tells the gateway of what could not be done to a channel.
func (s *Server) tellRefused(e *effect, edit *modeEdit) {
	for _, f := range edit.refused {
		about := slices.DeleteFunc(slices.Clone(f.params), func(p string) bool { return p == edit.ch.name })
		s.refuse(e.g, e.name, edit.ch.name, strings.Join(append(about, f.message()), " "))
	}
}

// effectChannel gives a channel exactly these modes, lists and statuses aside, and this time of creation. A permanent
// channel need not be there before.
func (s *Server) effectChannel(e *effect) string {
	created, ok := parseSeconds(e.Param(1))
	words := e.words(3)
	if !ok || len(words) == 0 {
		return badTime
	}
	ch := s.channels[foldChan(e.Param(0))]
	if ch == nil {
		if why := s.mayHold(nil, e.Param(0)); why != "" {
			return why
		}
		if strings.IndexByte(words[0], 'P') < 0 {
			return "No such channel"
		}
		ch = newChannel(strings.Clone(e.Param(0)), created)
		s.channels[foldChan(ch.name)] = ch
	}
	ch.created = created
	offer := s.modeOffer()
	want, errs := irc.ParseModes(offer.spec, words)
	edit := &modeEdit{s: s, by: s.gatewayActor(e.g, s.source(e, 2)), ch: ch}
	for _, err := range errs {
		edit.refuse(modeError(ch, err, offer.row(err.Mode)))
	}
	edit.applyAll(edit.exactly(want))
	s.tellRefused(e, edit)
	return ""
}

// exactly is what makes the channel's flags and parameters those of want.
func (e *modeEdit) exactly(want []irc.ModeChange) []irc.ModeChange {
	var keep modeSet
	var changes []irc.ModeChange
	for _, c := range want {
		if kind := e.s.modeOffer().row(c.Mode).kind; c.Add && (kind == irc.ModeFlag || kind == irc.ModeParam || kind == irc.ModeSetParam) {
			keep.set(c.Mode)
			changes = append(changes, c)
		}
	}
	for _, letter := range []byte((e.ch.modes &^ keep).String()) {
		changes = append(changes, irc.ModeChange{Mode: letter, HasParam: letter == 'k', Param: "*"})
	}
	return changes
}

// effectMode changes modes, statuses and lists of a channel.
func (s *Server) effectMode(e *effect) string {
	ch := s.channels[foldChan(e.Param(0))]
	if ch == nil {
		return "No such channel"
	}
	s.tellRefused(e, s.forceModes(s.gatewayActor(e.g, s.source(e, 1)), ch, e.words(2)))
	return ""
}

// effectEntry adds an entry of a list, with who set it and when, or takes it away.
func (s *Server) effectEntry(e *effect) string {
	ch, change := s.channels[foldChan(e.Param(0))], e.Param(1)
	at, ok := parseSeconds(e.Param(4))
	switch {
	case ch == nil:
		return "No such channel"
	case !ok:
		return badTime
	case len(change) != 2 || change[0] != '+' && change[0] != '-':
		return "An entry is added with + and its letter, or taken away with -"
	}
	row := s.modeOffer().row(change[1])
	if row == nil || row.kind != irc.ModeList {
		return "Not a list that this network has"
	}
	edit := s.forceModes(s.gatewayActor(e.g, s.name()), ch, []string{change, e.Param(2)})
	if change[0] == '+' {
		ch.signEntry(row.letter, e.Param(2), sourceName(e.Param(3)), at)
	}
	s.tellRefused(e, edit)
	return ""
}

// signEntry notes who set the entry of a list with this mask, and when.
func (ch *channel) signEntry(letter byte, mask, setter string, at int64) {
	b, _, ok := parseMask(mask)
	if !ok {
		return
	}
	for i := range ch.lists[letter] {
		if l := &ch.lists[letter][i]; l.ban().banKey == b.banKey && (l.setter != setter || l.time != at) {
			l.setter, l.time = strings.Clone(setter), at
		}
	}
}

// effectTopic changes a topic.
func (s *Server) effectTopic(e *effect) string {
	ch := s.channels[foldChan(e.Param(0))]
	at, ok := parseSeconds(e.Param(2))
	switch {
	case ch == nil:
		return "No such channel"
	case !ok:
		return badTime
	}
	setter := s.source(e, 1)
	text := irc.Truncate(e.rest(3), s.cfg.Limits.TopicLen)
	shown := ch.topic != text
	ch.topicSetter, ch.topicTime = strings.Clone(setter), at
	if shown {
		ch.topic = strings.Clone(text)
		s.sendText(s.withoutLinks(ch.all()), setter, "TOPIC", ch.name, ch.topic)
		if to := s.otherLinks(nil); !to.empty() {
			s.sendText(to, setter, "TOPIC", ch.name, setter, seconds(at), ch.topic)
		}
	}
	return ""
}

// effectParted lets a user leave a channel.
func (s *Server) effectParted(e *effect) string {
	ch, u := s.channels[foldChan(e.Param(0))], s.one(e, 1)
	if ch != nil && u != nil && ch.byID[u.id] != nil {
		s.part(u, ch, irc.Truncate(e.rest(2), s.cfg.Limits.KickLen))
	}
	return ""
}

// effectKick removes a user from a channel.
func (s *Server) effectKick(e *effect) string {
	ch, u := s.channels[foldChan(e.Param(0))], s.one(e, 1)
	if ch == nil || u == nil || ch.byID[u.id] == nil {
		return ""
	}
	by := s.source(e, 2)
	reason := irc.Truncate(e.rest(3), s.cfg.Limits.KickLen)
	if reason == "" {
		reason = by
	}
	s.expel(by, ch.byID[u.id], ch, reason)
	return ""
}

// effectInvite invites a user to a channel.
func (s *Server) effectInvite(e *effect) string {
	u, ch := s.one(e, 0), s.channels[foldChan(e.Param(1))]
	switch {
	case ch == nil:
		return "No such channel"
	case u == nil || ch.byID[u.id] != nil || u.invitedTo(ch):
		return ""
	}
	s.noteInvite(u, ch)
	s.send(s.withLinks(only(u)), s.source(e, 2), "INVITE", u.nick, ch.name)
	return ""
}
