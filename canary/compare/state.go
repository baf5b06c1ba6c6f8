package compare

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"robustirc/core/irc"
	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// fact is one thing that is compared at a checkpoint (C-11).
type fact struct {
	What string // "nick", "account", "member", "modes", "entry", "topic", …
	User string // UID, or ""
	Room string // folded, or ""
	Key  string // of an entry: letter and mask
}

// stateCheck compares what the new network says it has with the model. One is under way at a time.
type stateCheck struct {
	counts Counters
	token  string
	want   map[fact]string
	got    map[fact]string
	times  map[fact]int64 // the live side's, of what has a time
	at     map[fact]int64
	begun  bool
	asking time.Duration // when
	Done   int64
	Clean  int64
}

func (s *stateCheck) drop() {
	s.token, s.want, s.got, s.times, s.at, s.begun = "", nil, nil, nil, nil, false
}

// asked notes what is there when the question is sent: the answer is of that moment, since operations are in order.
func (s *stateCheck) asked(e *Engine, token string) {
	s.drop()
	if !e.comparing() {
		return
	}
	s.token, s.asking = strings.Clone(token), e.now
	s.want, s.got, s.times, s.at = map[fact]string{}, map[fact]string{}, map[fact]int64{}, map[fact]int64{}
	for uid, p := range e.uids { // order does not matter: a map is filled
		if u := e.model.User(s2s.UID(uid)); u != nil && p.Posted && !p.Gone {
			s.wantUser(e, p, u)
		}
	}
	for _, r := range e.rooms { // order does not matter: a map is filled
		if c := e.model.Channel(r.Name); c != nil && r.side[live].audience().N > 0 && !e.isPrivate(c) {
			s.wantChannel(e, r, c)
		}
	}
}

func (s *stateCheck) wantUser(e *Engine, p *person, u *network.User) {
	s.want[fact{What: "nick", User: p.UID}] = u.Nick
	s.want[fact{What: "account", User: p.UID}] = u.Account
	s.want[fact{What: "realname", User: p.UID}] = u.Realname
	s.want[fact{What: "away", User: p.UID}] = u.Away()
	s.want[fact{What: "host", User: p.UID}] = u.Host
}

func (s *stateCheck) wantChannel(e *Engine, r *room, c *network.Channel) {
	s.want[fact{What: "modes", Room: r.Key}] = modeList(e.mapLetter, c.Flags().String(), c.Params())
	s.want[fact{What: "topic", Room: r.Key}] = c.Topic.Text
	s.times[fact{What: "topic", Room: r.Key}] = c.Topic.SetAt
	for _, m := range c.Members() {
		p := e.uids[string(m.User.UID)]
		if p != nil && p.Posted {
			s.want[fact{What: "member", User: p.UID, Room: r.Key}] = e.sharedStatus(m.Status.String())
		}
	}
	for _, l := range c.Lists() {
		if !e.lacks(l.Letter[0]) {
			if !extended(l.Mask) {
				s.want[fact{What: "entry", Room: r.Key, Key: string([]byte{e.mapLetter(l.Letter[0])}) + " " + e.mapMask(l.Letter[0], l.Mask)}] = "set"
			}
		}
	}
}

// modeList is modes as they are compared: those that both have, with what parameters they have but keys, which are secrets.
func modeList(letter func(byte) byte, flags string, params []network.Param) string {
	var words []string
	for i := range len(flags) {
		if to := letter(flags[i]); to != 0 {
			words = append(words, string([]byte{to}))
		}
	}
	for _, p := range params {
		switch to := letter(p.Letter); to {
		case 0:
		case 'k':
			words = append(words, "k")
		default:
			words = append(words, string([]byte{to})+"="+p.Value)
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// sharedStatus is the statuses that the new network has too.
func (e *Engine) sharedStatus(letters string) string {
	there := e.shownModeSpec()
	var b []byte
	for _, c := range []byte(letters) {
		if there.Class(c) == irc.ModePrefix {
			b = append(b, c)
		}
	}
	slices.Sort(b)
	return string(b)
}

// line is one line of a dump, with "STATE token" before it.
func (s *stateCheck) line(e *Engine, m *irc.Message) {
	p := m.Params()
	if len(p) == 0 || p[0] != s.token || s.want == nil {
		return
	}
	s.begun = true
	if len(p) > 1 {
		s.told(e, p[1], p[2:])
	}
}

// bare is a line of a dump that "STATE token" has gone before.
func (s *stateCheck) bare(e *Engine, m *irc.Message) {
	if s.begun && s.want != nil && m.NumParams() > 0 {
		s.told(e, m.Command, m.Params())
	}
}

// told takes one thing that the new network has.
func (s *stateCheck) told(e *Engine, what string, p []string) {
	if len(s.got) > 4*len(s.want)+10_000 {
		e.overflow["state"]++
		return
	}
	at := func(i int) string {
		if i < len(p) {
			return strings.Clone(p[i])
		}
		return ""
	}
	room := e.fold(at(0))
	switch what {
	case "USER":
		if len(p) < 11 {
			return
		}
		s.got[fact{What: "nick", User: at(0)}] = at(1)
		s.got[fact{What: "host", User: at(0)}] = at(3)
		s.got[fact{What: "account", User: at(0)}] = strings.TrimPrefix(at(6), "*")
		s.got[fact{What: "realname", User: at(0)}] = at(len(p) - 1)
	case "AWAY":
		s.got[fact{What: "away", User: at(0)}] = at(1)
	case "CHANNEL":
		s.toldModes(e, room, at(2), p[min(3, len(p)):])
	case "MEMBERS":
		for _, word := range p[1:] {
			for item := range strings.FieldsSeq(word) {
				letters, uid, ok := strings.Cut(item, ",")
				if !ok {
					letters, uid = "", item
				}
				s.got[fact{What: "member", User: strings.Clone(uid), Room: room}] = e.sharedStatus(letters)
			}
		}
	case "ENTRY":
		if mask := at(2); !extended(strings.TrimPrefix(mask, quietMask)) {
			s.got[fact{What: "entry", Room: room, Key: strings.TrimPrefix(at(1), "+") + " " + canonicalMask(e, mask)}] = "set"
		}
	case "TOPIC":
		s.got[fact{What: "topic", Room: room}] = at(3)
		s.at[fact{What: "topic", Room: room}], _ = strconv.ParseInt(at(2), 10, 64)
	}
}

func (s *stateCheck) toldModes(e *Engine, room, modes string, params []string) {
	changes, _ := irc.ParseModes(e.shownModeSpec(), append([]string{modes}, params...))
	reached := e.reachedModes()
	var flags []byte
	var list []network.Param
	for _, c := range changes {
		if !c.Add || !reached[c.Mode] {
			continue
		}
		if c.HasParam {
			list = append(list, network.Param{Letter: c.Mode, Value: strings.Clone(c.Param)})
		} else {
			flags = append(flags, c.Mode)
		}
	}
	s.got[fact{What: "modes", Room: room}] = modeList(func(l byte) byte { return l }, string(flags), list)
}

// reachedModes are the modes of the new network that the live one has too: the others are a gain, no difference.
func (e *Engine) reachedModes() map[byte]bool {
	m := map[byte]bool{}
	for c := byte('A'); c <= 'z'; c++ {
		modes := e.model.Modes()
		if modes.Class(c) != irc.ModeUnknown {
			m[e.mapLetter(c)] = true
		}
	}
	return m
}

// ready ends a dump.
func (s *stateCheck) ready(e *Engine, m *irc.Message) {
	if !s.begun || s.want == nil {
		return
	}
	e.diverged = map[divergence]string{} // from here on differences are told anew (C-16)
	before := s.counts.Unexplained
	keys := slices.Collect(maps.Keys(s.want)) // order does not matter: they are sorted
	for f := range s.got {                    // order does not matter: they are sorted
		if _, ok := s.want[f]; !ok {
			keys = append(keys, f)
		}
	}
	slices.SortFunc(keys, func(a, b fact) int { return strings.Compare(a.sortKey(), b.sortKey()) })
	for _, f := range keys {
		s.compare(e, f)
	}
	s.Done++
	if s.counts.Unexplained == before {
		s.Clean++
	}
	s.drop()
}

// sortKey orders facts: users before channels, and what others follow from first.
func (f fact) sortKey() string {
	rank := strings.Index("nick member modes", f.What)
	if rank < 0 {
		rank = 99
	}
	return strconv.Itoa(100+rank) + f.What + "\x00" + f.Room + "\x00" + f.User + "\x00" + f.Key
}

// compare judges one fact.
func (s *stateCheck) compare(e *Engine, f fact) {
	want, wanted := s.want[f]
	got, there := s.got[f]
	if (wanted != there || want != got) && s.inFlight(e, f) {
		return
	}
	s.counts.Events++
	switch {
	case wanted == there && want == got && s.sameTime(e, f):
		s.counts.Match++
		return
	case !there && want == "", !wanted && got == "":
		s.counts.Match++
		return
	case s.explained(e, f, want, got, wanted && there):
		s.counts.Ignored++
		return
	}
	d := diff{class: ClassState, cmd: "STATE", field: f.What, shape: f.What, units: 1, room: f.Room, mark: MarkChanged}
	switch {
	case !there:
		d.shape += " is missing there"
	case !wanted:
		d.shape += " is there only"
	default:
		d.shape += " is another"
	}
	d.note = f.What + " " + f.Room + " " + f.User + " " + f.Key + ": live " + strconv.Quote(want) + ", there " + strconv.Quote(got)
	if p := e.uids[f.User]; p != nil {
		d.user, d.users = p.ID, []int32{p.ID}
	}
	e.report(&d)
}

// flight is how long before the question a change may have been that was not told yet when it was asked: lines of the link
// wait for the gateway. What changes later is compared the next time.
const flight = 10 * time.Second

// inFlight reports whether a fact changed on the live side just before the question, or since.
func (s *stateCheck) inFlight(e *Engine, f fact) bool {
	since := s.asking - flight
	if p := e.uids[f.User]; f.User != "" {
		return p == nil || p.Gone || p.Touched != 0 && p.Touched >= since
	}
	r := e.rooms[f.Room]
	return r == nil || r.Touched != 0 && r.Touched >= since
}

func (s *stateCheck) sameTime(e *Engine, f fact) bool {
	a, b := s.times[f], s.at[f]
	if a == 0 || b == 0 || a == b {
		return true
	}
	i := e.book.find(KindTime, "time", "", "")
	if i < 0 || max(a-b, b-a) > e.book.rules[i].Seconds {
		return false
	}
	e.book.hits[i]++
	return true
}

func (s *stateCheck) explained(e *Engine, f fact, want, got string, both bool) bool {
	if !both {
		return false
	}
	switch f.What {
	case "nick":
		p := e.uids[f.User]
		return e.fold(want) == e.fold(got) || p != nil && e.fold(p.Told) == e.fold(got) && e.book.hit(KindBijection, "nick", "", "")
	case "host":
		return e.hosts.agree("@"+want, "@"+got) && e.book.hit(KindBijection, "host", "", "")
	case "topic", "realname", "away":
		return cut(want, got) && e.book.hit(KindLength, "text", "", "")
	}
	return false
}
