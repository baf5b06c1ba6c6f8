package compare

import (
	"strconv"
	"strings"

	"robustirc/canary/trace"
	"robustirc/core/irc"
)

// seen is one observation of the new network: a line, or one mode change of it.
type seen struct {
	key   key
	out   output
	cause uint64
	got   []int32
	sum   uint64
	early []int32
	line  string
	room  *room
	host  string // ident@host of the source
}

// output is a line of the new network.
func (e *Engine) output(r *trace.Record) {
	var m irc.Message
	if err := m.Parse(r.Line); err != nil {
		e.errors["output line"]++
		return
	}
	if e.isLinkLine(r, &m) {
		e.linkLine(r, &m)
		return
	}
	e.shown++
	m = cloned(&m)
	s := seen{out: output{Input: r.Input, Reply: r.Reply}, cause: r.ID, line: lineOf(&m)}
	s.got, s.sum = e.recipients(r.To)
	cmd := irc.UpperCommand(m.Command)
	if len(cmd) == 3 && cmd[0] >= '0' && cmd[0] <= '9' {
		e.lines[shadow].add(ringLine{Seq: e.seq, At: e.now, Text: s.line, Got: first(s.got), More: len(s.got)})
		e.numeric(&m, &s)
		return
	}
	src, p := e.source(m.Source)
	s.key.Source = src
	if prefix := m.Prefix(); p != nil && prefix.Host != "" {
		s.host = prefix.User + "@" + prefix.Host
	}
	e.command(cmd, &m, &s, p)
}

// cloned is a message whose strings are its own.
func cloned(m *irc.Message) irc.Message {
	line := m.String()
	var c irc.Message
	if c.Parse(line) != nil {
		return irc.Message{Command: strings.Clone(m.Command)}
	}
	return c
}

// lineOf is a line without its tags.
func lineOf(m *irc.Message) string {
	return string(m.AppendBody(nil))
}

// maxNamed is how many users an example names.
const maxNamed = 10

func first(ids []int32) []int32 {
	if len(ids) > maxNamed {
		ids = ids[:maxNamed]
	}
	return append([]int32(nil), ids...)
}

// recipients returns who the sessions are; sessions nobody has are negative.
func (e *Engine) recipients(to []uint64) (ids []int32, sum uint64) {
	ids = make([]int32, 0, len(to))
	for _, session := range to {
		if session == e.link {
			continue
		}
		id := int32(-1)
		if p := e.sessions[session]; p != nil {
			id = p.ID
		}
		ids = append(ids, id)
		sum += mix(id)
	}
	return ids, sum
}

// source finds whose a prefix is: one of the mirrored users, a server, or a live user who is not mirrored (services).
func (e *Engine) source(prefix string) (actor, *person) {
	nick, _, full := strings.Cut(prefix, "!")
	if p := e.nicks[e.fold(nick)]; p != nil {
		return actor{ID: p.ID}, p
	}
	if !full && (nick == "" || strings.Contains(nick, ".") || nick == e.header.Network) {
		return server, nil
	}
	if p := e.liveNick(nick); p != nil {
		return actor{ID: p.ID}, nil
	}
	return actor{ID: -1, Name: nick}, nil
}

// liveNick finds a live user by nick: services that are not mirrored, or are under another nick, are named so.
func (e *Engine) liveNick(nick string) *person {
	if e.model == nil {
		return nil
	}
	if u := e.model.Nick(nick); u != nil {
		return e.uids[string(u.UID)]
	}
	return nil
}

// subject is the user a parameter names, or 0.
func (e *Engine) subject(nick string) *person {
	if p := e.nicks[e.fold(nick)]; p != nil {
		return p
	}
	return e.liveNick(nick)
}

// outside are commands that are counted and not compared (N-11, N-12).
var outside = map[string]bool{"WALLOPS": true, "AWAY": true, "ACCOUNT": true, "CHGHOST": true, "SETNAME": true, "TAGMSG": true, "KNOCK": true,
	"KILL": true, "ERROR": true, "PING": true, "PONG": true, "CAP": true, "BATCH": true, "FAIL": true, "WARN": true, "NOTE": true}

// command takes what is no numeric.
func (e *Engine) command(cmd string, m *irc.Message, s *seen, p *person) {
	s.key.Cmd = cmd
	switch cmd {
	case "PRIVMSG", "NOTICE":
		e.shownMessage(m, s)
	case "JOIN", "PART":
		e.shownMove(cmd, m, s, p)
	case "KICK":
		e.shownKick(m, s)
	case "QUIT":
		e.shownQuit(m, s, p)
	case "NICK":
		e.shownNick(m, s, p)
	case "TOPIC":
		s.room, s.key.Text = e.room(m.Param(0)), m.Param(1)
		e.compare(s)
	case "MODE":
		e.shownModes(m, s)
	case "INVITE":
		s.room = e.room(m.Param(1))
		if p := e.subject(m.Param(0)); p != nil {
			s.key.Subject = p.ID
		}
		e.compare(s)
	default:
		if !outside[cmd] {
			e.cover.unknown[cmd]++
		}
		e.note(s)
		e.outsideHit(cmd, len(s.got))
	}
}

// note keeps a line for context.
func (e *Engine) note(s *seen) {
	l := ringLine{Seq: e.seq, At: e.now, Text: s.line, Who: s.key.Source.ID, Got: first(s.got), More: len(s.got)}
	if s.room != nil {
		l.Room = s.room.Key
	}
	e.lines[shadow].add(l)
}

func (e *Engine) outsideHit(cmd string, n int) {
	e.book.hit(KindOutside, "", cmd, "")
	e.tally.add(e, cmd, outcomeIgnored, int64(n))
}

// compare matches an observation, unless it is of setting up.
func (e *Engine) compare(s *seen) {
	if s.room != nil {
		s.key.Target = s.room.Key
	}
	if s.out.Part == 0 {
		e.note(s)
	}
	if e.setup.has(s.cause) || !e.comparing() {
		e.cover.setup++
		return
	}
	e.match(s)
}

func (e *Engine) shownMessage(m *irc.Message, s *seen) {
	if s.key.Source == server {
		e.note(s)
		e.outsideHit("SERVER-NOTICE", len(s.got))
		return
	}
	target := m.Param(0)
	spec := e.shownModeSpec()
	signs, name := spec.CutSymbols(target)
	s.key.Text = m.Param(1)
	if irc.IsChannel(name) {
		if signs != "" {
			s.key.Cmd += " " + signs
		}
		s.room = e.room(name)
		s.early = e.strangers(s.room, s)
	} else if p := e.subject(target); p != nil {
		s.key.Target = "=" + p.UID
	} else {
		s.key.Target = "=?" + target
	}
	e.compare(s)
}

// strangers are those recipients who, by what they were shown, are not on the channel.
func (e *Engine) strangers(r *room, s *seen) []int32 {
	if e.header.Style == trace.StyleSessions {
		return nil
	}
	aud := r.side[shadow].audience()
	sum, n := aud.Sum, aud.N
	if id := s.key.Source.ID; id > 0 && r.side[shadow].members[id] != nil {
		sum, n = sum-mix(id), n-1
	}
	if sum == s.sum && n == len(s.got) {
		return nil
	}
	var list []int32
	for _, id := range s.got {
		if r.side[shadow].members[id] == nil {
			list = append(list, id)
		}
	}
	return list
}

func (e *Engine) shownMove(cmd string, m *irc.Message, s *seen, p *person) {
	s.room = e.room(m.Param(0))
	if cmd == "PART" {
		s.key.Text = m.Param(1)
	}
	if p == nil {
		e.compare(s)
		return
	}
	if cmd == "JOIN" {
		e.enter(shadow, s.room, p)
	}
	s.early = e.strangers(s.room, s)
	e.compare(s)
	if cmd == "PART" {
		e.leave(shadow, s.room, p)
	}
}

func (e *Engine) shownKick(m *irc.Message, s *seen) {
	s.room, s.key.Text = e.room(m.Param(0)), m.Param(2)
	p := e.subject(m.Param(1))
	if p != nil {
		s.key.Subject = p.ID
	}
	s.early = e.strangers(s.room, s)
	e.compare(s)
	if p != nil {
		e.leave(shadow, s.room, p)
	}
}

func (e *Engine) shownQuit(m *irc.Message, s *seen, p *person) {
	s.key.Text = m.Param(0)
	e.compare(s)
	if p != nil && e.header.Style != trace.StyleSessions {
		e.shadowGone(p)
	}
}

// shadowGone is a user whose session has ended.
func (e *Engine) shadowGone(p *person) {
	e.leaveAll(shadow, p)
	if nick := e.fold(p.ShadowNick); e.nicks[nick] == p {
		delete(e.nicks, nick)
	}
	p.Quit = true
}

func (e *Engine) shownNick(m *irc.Message, s *seen, p *person) {
	s.key.Text = m.Param(0)
	if p != nil {
		e.shadowNick(p, s.key.Text)
	}
	e.compare(s)
}

func (e *Engine) shadowNick(p *person, nick string) {
	if old := e.fold(p.ShadowNick); e.nicks[old] == p {
		delete(e.nicks, old)
	}
	p.ShadowNick = strings.Clone(nick)
	e.nicks[e.fold(p.ShadowNick)] = p
}

// shownModeSpec is the modes of the new network, or while it has not told them those of the live one.
func (e *Engine) shownModeSpec() irc.ModeSpec {
	if e.shadowInfo["CHANMODES"] != "" || e.model == nil {
		return e.shadowMode
	}
	return e.model.Modes()
}

func (e *Engine) shownModes(m *irc.Message, s *seen) {
	if !irc.IsChannel(m.Param(0)) {
		e.note(s)
		e.outsideHit("UMODE", len(s.got))
		return
	}
	s.room = e.room(m.Param(0))
	s.early = e.strangers(s.room, s)
	spec := e.shownModeSpec()
	changes, _ := irc.ParseModes(spec, m.Params()[1:])
	for i, c := range changes {
		part := *s
		part.out.Part = i
		part.key.Cmd = "MODE " + sign(c.Add) + string([]byte{c.Mode})
		if spec.Class(c.Mode) == irc.ModePrefix {
			if p := e.subject(c.Param); p != nil {
				part.key.Subject = p.ID
			} else {
				part.key.Text = "?" + c.Param
			}
		} else {
			part.key.Text = e.modeParam(spec, c.Add, c.Mode, c.Param)
		}
		e.compare(&part)
	}
	if len(changes) > 1 {
		e.book.hit(KindExpand, "", "MODE", "")
	}
}

// ---- the gateway's own lines

var linkCommands = map[string]bool{"GATEWAY": true, "USER": true, "CHANNEL": true, "MEMBERS": true, "ENTRY": true, "READY": true,
	"STATE": true, "REPAIRED": true, "REFUSED": true}

// isLinkLine reports whether a line is for the gateway itself.
func (e *Engine) isLinkLine(r *trace.Record, m *irc.Message) bool {
	if len(r.To) == 0 {
		return linkCommands[m.Command] || m.Command == "PONG"
	}
	if len(r.To) == 1 && m.Command == "GATEWAY" && !strings.Contains(m.Source, "!") {
		e.newLink(r.To[0])
		return true
	}
	if len(r.To) == 1 && e.link != 0 {
		return r.To[0] == e.link
	}
	if len(r.To) == 1 && linkCommands[m.Command] && !strings.Contains(m.Source, "!") {
		e.link = r.To[0]
		return true
	}
	return false
}

func (e *Engine) linkLine(r *trace.Record, m *irc.Message) {
	switch m.Command {
	case "GATEWAY":
		e.gatewayInfo(m)
	case "USER":
		e.userTold(m)
		e.state.bare(e, m)
	case "AWAY", "CHANNEL", "MEMBERS", "ENTRY", "TOPIC":
		if m.Command == "MEMBERS" && e.burst != following {
			e.membersTold(m)
		}
		e.state.bare(e, m)
	case "STATE":
		e.state.line(e, m)
	case "READY":
		e.state.ready(e, m)
	case "REPAIRED":
		e.repaired(r, m)
	case "REFUSED":
		e.refusedEffect(r, m)
	}
}

// gatewayInfo keeps what the new network has: its modes.
func (e *Engine) gatewayInfo(m *irc.Message) {
	for _, p := range m.Params() {
		for word := range strings.FieldsSeq(p) {
			if k, v, ok := strings.Cut(word, "="); ok && len(e.shadowInfo) < 100 {
				e.shadowInfo[strings.Clone(k)] = strings.Clone(v)
			}
		}
	}
	e.parseShadowModes()
}

func (e *Engine) parseShadowModes() {
	spec, err := irc.ParseModeSpec(e.shadowInfo["CHANMODES"], e.shadowInfo["PREFIX"])
	if err != nil && e.shadowInfo["CHANMODES"] != "" {
		e.errors["modes of the new network"]++
		delete(e.shadowInfo, "CHANMODES")
		return
	}
	e.shadowMode = spec
}

// membersTold seats those who are on a channel since before this link of the gateway: nobody is shown them join.
func (e *Engine) membersTold(m *irc.Message) {
	if m.NumParams() < 2 {
		return
	}
	r := e.room(strings.Clone(m.Param(0)))
	for _, word := range m.Params()[1:] {
		for item := range strings.FieldsSeq(word) {
			if _, uid, ok := strings.Cut(item, ","); ok && e.uids[uid] != nil {
				e.enter(shadow, r, e.uids[uid])
			}
		}
	}
}

// userTold is "USER uid nick session" or the long form of a dump.
func (e *Engine) userTold(m *irc.Message) {
	session := m.Param(2)
	if m.NumParams() > 4 {
		session = m.Param(m.NumParams() - 2)
	}
	id, err := strconv.ParseUint(strings.TrimPrefix(session, "0x"), 16, 64)
	if err != nil {
		e.errors["USER of the new network"]++
		return
	}
	p := e.person(strings.Clone(m.Param(0)))
	e.mirror(p)
	if p.Session != id {
		if p.Session != 0 {
			delete(e.sessions, p.Session)
		}
		p.Session, p.Quit = id, false
		e.sessions[id] = p
	}
	e.shadowNick(p, m.Param(1))
	p.Told = p.ShadowNick
}
