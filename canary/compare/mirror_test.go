package compare_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"robustirc/canary/compare"
	"robustirc/canary/trace"
	"robustirc/s2s"
	"robustirc/s2s/fakenet"
	"robustirc/s2s/ts6"
	"robustirc/s2s/unreal"
)

var start = time.Unix(1800000000, 0).UTC()

func codec(protocol, dialect string) s2s.Codec {
	switch {
	case protocol == "unreal":
		return unreal.NewCodec(unreal.Features{Tags: true, BigLines: true, NamedBans: true, Setters: true, SWhois: true, Locks: true})
	case dialect == "hybrid":
		return ts6.NewCodec(ts6.Hybrid, ts6.Offer(ts6.Hybrid)...)
	case dialect == "solanum":
		return ts6.NewCodec(ts6.Solanum, ts6.Offer(ts6.Solanum)...)
	}
	return nil
}

func options() compare.Options {
	return compare.Options{Codec: codec, Seed: 7, Gates: compare.Gates{UpperPPB: 1_000_000, CoveragePPB: 999_000_000, Commands: 30, CommandSeen: 1, P99: time.Second, P999: 2 * time.Second}}
}

// mirror is a new network that does everything right. Who is told what it takes from the simulation's truth, where that
// says it, and not from the model that the engine uses.
type mirror struct {
	t       testing.TB
	records []trace.Record
	sim     *fakenet.Network
	codec   s2s.Codec
	now     time.Duration
	seq     uint64
	op      uint64
	input   uint64
	users   map[s2s.UID]*guest
	nicks   map[string]*guest
	rooms   map[string]map[s2s.UID]string // members with status
	topics  map[string]bool
	live    bool // after the burst
	lag     time.Duration
}

type guest struct {
	uid               s2s.UID
	nick, ident, host string
	cloak, real       string
	session           uint64
}

func (g *guest) mask() string { return g.nick + "!" + g.ident + "@" + g.host }

var dialects = map[fakenet.Protocol]string{fakenet.TS6: "solanum", fakenet.Hybrid: "hybrid", fakenet.Unreal: "unreal6"}

func newMirror(t testing.TB, cfg fakenet.Config) *mirror {
	t.Helper()
	cfg.Start, cfg.Truth = start, true
	if cfg.Protocol == fakenet.Unreal {
		cfg.Broadcast = fakenet.BroadcastAlways
	}
	sim, err := fakenet.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg = sim.Config()
	protocol := "ts6"
	if cfg.Protocol == fakenet.Unreal {
		protocol = "unreal"
	}
	m := &mirror{t: t, sim: sim, codec: codec(protocol, dialects[cfg.Protocol]), users: map[s2s.UID]*guest{}, nicks: map[string]*guest{},
		rooms: map[string]map[s2s.UID]string{}, topics: map[string]bool{}, lag: 3 * time.Millisecond}
	m.add(trace.KindHeader, trace.Header{RunID: "test", Version: "1", Started: start, Protocol: protocol, Us: "gateway.example.net", SID: "00G", Network: "robust.example.net", Mode: trace.ModeObserver, Style: trace.StyleFirehose})
	m.add(trace.KindLinkUp, trace.LinkUp{Peer: cfg.Server, SID: string(cfg.SID), Protocol: protocol, Dialect: dialects[cfg.Protocol], Number: 1})
	m.output(0, []uint64{1}, ":robust.example.net GATEWAY canary "+modesOf(cfg.Protocol))
	if _, err := sim.Attach(start, "gateway.example.net", "00G", "Gateway"); err != nil {
		t.Fatal(err)
	}
	for _, e := range sim.Burst("00G") {
		m.event(&fakenet.Happening{At: start, Event: e, Links: []s2s.SID{"00G"}})
	}
	m.say(s2s.Event{Source: "00G", Body: s2s.UserIntroduced{UID: "00GAAAAAA", Nick: "observer", TS: start.Unix(), Hops: 1, Ident: "o", Host: "gw.example.net", RealHost: "gw.example.net", Modes: "+i", Realname: "o"}})
	m.observe(1000)
	m.add(trace.KindCheckpoint, trace.Checkpoint{Name: "synced"})
	m.live = true
	sim.Begin(start)
	return m
}

// modesOf has every mode of the live network, so that nothing is lost.
func modesOf(p fakenet.Protocol) string {
	if p == fakenet.TS6 {
		return "CHANMODES=beIq,k,fjl,cdimnprstzACDFGKLMNOPQRSTVZug PREFIX=(ohv)@%+"
	}
	return "CHANMODES=beI,k,fjlLFH,cdimnprstzACDGKMNOPQRSTVZug PREFIX=(qaohv)~&@%+"
}

// observe joins the observer to channels, so that their text is heard.
func (m *mirror) observe(n int) {
	names := make([]string, 0, len(m.rooms))
	for name := range m.rooms {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names[:min(n, len(names))] {
		m.say(s2s.Event{Source: "00G", Body: s2s.ChannelBurst{Channel: name, TS: start.Unix() + 100, Members: []s2s.Member{{User: "00GAAAAAA"}}}})
	}
}

func (m *mirror) say(e s2s.Event) {
	m.t.Helper()
	lines, err := m.codec.Encode(e)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, line := range lines {
		m.record(trace.Record{Kind: trace.KindLinkOut, Line: line})
	}
	for _, h := range m.sim.Hear(start.Add(m.now), "00G", e) {
		m.event(&h)
	}
}

func (m *mirror) record(r trace.Record) {
	m.seq++
	r.Seq, r.Mono = m.seq, m.now
	m.records = append(m.records, r)
}

func (m *mirror) add(kind trace.Kind, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		m.t.Fatal(err)
	}
	m.record(trace.Record{Kind: kind, Line: string(b)})
}

func (m *mirror) post(format string, args ...any) uint64 {
	m.op++
	m.record(trace.Record{Kind: trace.KindOp, ID: m.op, Line: fmt.Sprintf(format, args...)})
	return m.op
}

func (m *mirror) output(cause uint64, to []uint64, line string) {
	m.input++
	if len(to) == 0 {
		return
	}
	slices.Sort(to)
	at := m.now
	m.now += m.lag
	m.record(trace.Record{Kind: trace.KindOutput, ID: cause, Input: m.input, Reply: 1, To: to, Line: line})
	m.now = at
}

// run lets so many seconds pass.
func (m *mirror) run(seconds int) {
	for range seconds {
		for _, h := range m.sim.Step(start.Add(m.now + time.Second)) {
			if len(h.Links) > 0 {
				m.event(&h)
			}
		}
		m.now += time.Second
	}
	m.record(trace.Record{Kind: trace.KindAcked, ID: m.op})
}

// event records one happening, what the gateway makes of it, and what comes of that.
func (m *mirror) event(h *fakenet.Happening) {
	m.t.Helper()
	if d := h.At.Sub(start); d > m.now && m.live {
		m.now = d
	}
	e, ok := fakenet.Sayable(m.codec, h.Event)
	if !ok {
		return
	}
	lines, err := m.codec.Encode(e)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, line := range lines {
		m.record(trace.Record{Kind: trace.KindLinkIn, Line: line})
	}
	m.mirror(h, e.Source, e.Body)
}

// seen are the sessions of the truth.
func (m *mirror) seen(h *fakenet.Happening) []uint64 {
	var to []uint64
	for uid := range h.Seen() {
		if g := m.users[uid]; g != nil {
			to = append(to, g.session)
		}
	}
	return to
}

func (m *mirror) members(room string) []uint64 {
	var to []uint64
	for uid := range m.rooms[room] {
		if g := m.users[uid]; g != nil {
			to = append(to, g.session)
		}
	}
	return to
}

// source is how clients see whose doing something is.
func (m *mirror) source(ref s2s.Ref) string {
	if g := m.find(ref); g != nil {
		return g.mask()
	}
	return "robust.example.net"
}

func (m *mirror) find(ref s2s.Ref) *guest {
	if g := m.users[s2s.UID(ref)]; g != nil {
		return g
	}
	return m.nicks[strings.ToLower(string(ref))]
}

func (m *mirror) mirror(h *fakenet.Happening, source s2s.Ref, body s2s.Body) {
	by := m.find(source)
	switch b := body.(type) {
	case s2s.UserIntroduced:
		m.introduce(b)
	case s2s.UserChanged:
		if g := m.find(b.User); g != nil && b.Host != nil {
			m.post("HOST %s %s %s", g.uid, g.ident, *b.Host)
			g.host = *b.Host
		}
	case s2s.UserModes:
		m.cloaked(m.find(b.User), b.Modes)
	case s2s.ChannelBurst:
		m.joins(h, b)
	case s2s.Join:
		m.join(h, b.Channel, by, "", m.seen(h))
	case s2s.Part:
		for _, c := range b.Channels {
			op := m.post(":%s PART %s :%s", by.uid, c, b.Reason)
			m.output(op, m.seen(h), ":"+by.mask()+" PART "+c+" :"+b.Reason)
			m.leave(c, by)
		}
	case s2s.Kick:
		g := m.find(b.User)
		if g == nil {
			return
		}
		op := m.post("KICK %s %s * :%s", b.Channel, g.uid, b.Reason)
		m.output(op, m.seen(h), ":"+m.source(source)+" KICK "+b.Channel+" "+g.nick+" :"+b.Reason)
		m.leave(b.Channel, g)
	case s2s.UserQuit:
		op := m.post(":%s QUIT :%s", by.uid, b.Reason)
		m.output(op, m.without(m.seen(h), by), ":"+by.mask()+" QUIT :"+b.Reason)
		m.gone(by)
	case s2s.UserKilled:
		if g := m.find(b.User); g != nil {
			op := m.post("KILL %s * :%s", g.uid, b.Reason)
			m.output(op, m.without(m.seen(h), g), ":"+g.mask()+" QUIT :Killed ("+b.Reason+")")
			m.gone(g)
		}
	case s2s.UserSaved:
		if g := m.users[b.User]; g != nil {
			m.rename(h, g, string(g.uid))
		}
	case s2s.NickChanged:
		m.rename(h, by, b.Nick)
	case s2s.ServerGone:
		m.split(h)
	case s2s.ChannelModes:
		m.modes(h, source, b)
	case s2s.Topic:
		op := m.post("TOPIC %s * 0 :%s", b.Channel, b.Text)
		m.topics[b.Channel] = b.Text != ""
		m.output(op, m.seen(h), ":"+m.source(source)+" TOPIC "+b.Channel+" :"+b.Text)
	case s2s.Invite:
		if b.Inviter != "" {
			source = b.Inviter
		}
		if g := m.find(b.User); g != nil {
			op := m.post("INVITE %s %s *", g.uid, b.Channel)
			m.output(op, []uint64{g.session}, ":"+m.source(source)+" INVITE "+g.nick+" "+b.Channel)
		}
	case s2s.Message:
		if by == nil || b.TargetKind != s2s.TargetChannel && b.TargetKind != s2s.TargetStatus {
			return
		}
		op := m.post(":%s %s %s :%s", by.uid, b.Kind, b.Status+b.Target, b.Text)
		m.output(op, m.seen(h), ":"+by.mask()+" "+string(b.Kind)+" "+b.Status+b.Target+" :"+b.Text)
	}
}

func (m *mirror) introduce(b s2s.UserIntroduced) {
	if b.UID.Server() == "00G" {
		return
	}
	g := &guest{uid: b.UID, nick: b.Nick, ident: b.Ident, host: b.Host, cloak: b.Cloak, real: b.RealHost, session: uint64(len(m.records)) + 1000}
	m.users[g.uid], m.nicks[strings.ToLower(g.nick)] = g, g
	op := m.post("USER %s %s %s %s %s 0 * * +i :%s", g.uid, g.nick, g.ident, g.host, "0", b.Realname)
	m.output(op, []uint64{1}, fmt.Sprintf(":robust.example.net USER %s %s 0x%x", g.uid, g.nick, g.session))
}

// cloaked follows UnrealIRCd's +x.
func (m *mirror) cloaked(g *guest, modes string) {
	add := true
	for _, c := range modes {
		switch {
		case c == '+' || c == '-':
			add = c == '+'
		case c == 'x' && g != nil && add && g.host == g.real:
			g.host = g.cloak
		case c == 'x' && g != nil && !add:
			g.host = g.real
		}
	}
}

func (m *mirror) without(to []uint64, g *guest) []uint64 {
	return slices.DeleteFunc(to, func(s uint64) bool { return s == g.session })
}

// joins are those who come with a burst, with their statuses.
func (m *mirror) joins(h *fakenet.Happening, b s2s.ChannelBurst) {
	if m.rooms[b.Channel] == nil {
		m.rooms[b.Channel] = map[s2s.UID]string{}
	}
	for _, x := range b.Members {
		g := m.users[x.User]
		if g == nil {
			continue
		}
		if !m.live {
			m.rooms[b.Channel][g.uid] = x.Status
			continue
		}
		m.join(h, b.Channel, g, x.Status, nil)
	}
	if !m.live && len(b.Members) > 0 {
		// All at once, as the gateway's first import does.
		op := m.post("MEMBERS %s %d x", b.Channel, b.TS)
		for _, x := range b.Members {
			if g := m.users[x.User]; g != nil {
				m.output(op, m.members(b.Channel), ":"+g.mask()+" JOIN "+b.Channel)
			}
		}
	}
}

func (m *mirror) join(h *fakenet.Happening, room string, g *guest, status string, to []uint64) {
	if m.rooms[room] == nil {
		m.rooms[room] = map[s2s.UID]string{}
	}
	if _, on := m.rooms[room][g.uid]; on {
		return
	}
	m.rooms[room][g.uid] = status
	if to == nil {
		to = m.members(room)
	}
	op := m.post(":%s JOIN %s", g.uid, room)
	m.output(op, to, ":"+g.mask()+" JOIN "+room)
	if m.topics[room] {
		m.output(op, []uint64{g.session}, ":robust.example.net 332 "+g.nick+" "+room+" :topic")
	}
	var names []string
	for uid, status := range m.rooms[room] {
		if x := m.users[uid]; x != nil {
			names = append(names, signs(status)+x.nick)
		}
	}
	slices.Sort(names)
	for chunk := range slices.Chunk(names, 7) {
		m.output(op, []uint64{g.session}, ":robust.example.net 353 "+g.nick+" = "+room+" :"+strings.Join(chunk, " "))
	}
	m.output(op, []uint64{g.session}, ":robust.example.net 366 "+g.nick+" "+room+" :End of /NAMES list")
}

// signs is the sign of the highest status.
func signs(status string) string {
	for i, letter := range "qaohv" {
		if strings.ContainsRune(status, letter) {
			return "~&@%+"[i : i+1]
		}
	}
	return ""
}

func (m *mirror) leave(room string, g *guest) {
	delete(m.rooms[room], g.uid)
}

func (m *mirror) gone(g *guest) {
	for room := range m.rooms {
		m.leave(room, g)
	}
	delete(m.users, g.uid)
	if m.nicks[strings.ToLower(g.nick)] == g {
		delete(m.nicks, strings.ToLower(g.nick))
	}
}

func (m *mirror) rename(h *fakenet.Happening, g *guest, nick string) {
	op := m.post(":%s NICK %s", g.uid, nick)
	m.output(op, m.seen(h), ":"+g.mask()+" NICK "+nick)
	if m.nicks[strings.ToLower(g.nick)] == g {
		delete(m.nicks, strings.ToLower(g.nick))
	}
	g.nick = nick
	m.nicks[strings.ToLower(nick)] = g
}

// split is a server's users, each of whom quits before those who stay.
func (m *mirror) split(h *fakenet.Happening) {
	lost := map[s2s.UID]bool{}
	for _, uid := range h.Lost {
		lost[uid] = true
	}
	op := m.post("GONE x :split")
	for _, uid := range h.Lost {
		g := m.users[uid]
		if g == nil {
			continue
		}
		see := map[uint64]bool{}
		for _, members := range m.rooms {
			if _, on := members[uid]; on {
				for other := range members {
					if x := m.users[other]; x != nil && !lost[other] {
						see[x.session] = true
					}
				}
			}
		}
		var to []uint64
		for s := range see {
			to = append(to, s)
		}
		m.output(op, to, ":"+g.mask()+" QUIT :"+"hub leaf")
	}
	for _, uid := range h.Lost {
		if g := m.users[uid]; g != nil {
			m.gone(g)
		}
	}
}

// modes names users by nick, as clients see them, and says nothing of the observer.
func (m *mirror) modes(h *fakenet.Happening, source s2s.Ref, b s2s.ChannelModes) {
	add, at := true, 0
	shown, params := "", []string(nil)
	for _, c := range b.Modes {
		if c == '+' || c == '-' {
			add = c == '+'
			continue
		}
		one := "-" + string(c)
		if add {
			one = "+" + string(c)
		}
		if status := strings.ContainsRune("oahv", c) || c == 'q' && m.sim.Config().Protocol == fakenet.Unreal; status {
			at++
			if g := m.find(s2s.Ref(b.Params[at-1])); g != nil {
				m.status(b.Channel, g, byte(c), add)
				shown, params = shown+one, append(params, g.nick)
			}
			continue
		}
		shown += one
		if strings.ContainsRune("beIqk", c) || add && strings.ContainsRune("lfjLFH", c) {
			params = append(params, b.Params[at])
			at++
		}
	}
	if shown == "" {
		return
	}
	op := m.post("MODE %s * %s %s", b.Channel, b.Modes, strings.Join(b.Params, " "))
	m.output(op, m.seen(h), strings.TrimRight(":"+m.source(source)+" MODE "+b.Channel+" "+shown+" "+strings.Join(params, " "), " "))
}

func (m *mirror) status(room string, g *guest, letter byte, add bool) {
	status, on := m.rooms[room][g.uid]
	if !on {
		return
	}
	status = strings.ReplaceAll(status, string(letter), "")
	if add {
		status += string(letter)
	}
	m.rooms[room][g.uid] = status
}

// toOperators has an operator of each channel write to the operators, which the simulation seldom tells links.
func (m *mirror) toOperators() {
	for _, room := range slices.Sorted(maps.Keys(m.rooms)) {
		var ops []*guest
		for uid, status := range m.rooms[room] {
			if g := m.users[uid]; g != nil && strings.Contains(status, "o") {
				ops = append(ops, g)
			}
		}
		if len(ops) < 2 {
			continue
		}
		slices.SortFunc(ops, func(a, b *guest) int { return strings.Compare(string(a.uid), string(b.uid)) })
		body := s2s.Message{Kind: s2s.Privmsg, TargetKind: s2s.TargetStatus, Target: room, Status: "@", Text: "operators of " + room}
		lines, err := m.codec.Encode(s2s.Event{Source: s2s.Ref(ops[0].uid), Body: body})
		if err != nil {
			m.t.Fatal(err)
		}
		m.record(trace.Record{Kind: trace.KindLinkIn, Line: lines[0]})
		var to []uint64
		for _, g := range ops[1:] {
			to = append(to, g.session)
		}
		op := m.post(":%s PRIVMSG @%s :%s", ops[0].uid, room, body.Text)
		m.output(op, to, ":"+ops[0].mask()+" PRIVMSG @"+room+" :"+body.Text)
	}
}
