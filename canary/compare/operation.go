package compare

import (
	"strings"
	"time"

	"robustirc/canary/trace"
	"robustirc/core/irc"
	"robustirc/s2s"
)

// setupOps are the gateway's lines that make the new network have what was there before: what comes of them is not
// compared. Ids are sequential, so they are ranges.
type setupOps struct {
	Ranges []opRange
	Open   bool
}

type opRange struct{ From, To uint64 }

func (s *setupOps) begin() { s.Open = true; s.Ranges = append(s.Ranges, opRange{}) }
func (s *setupOps) end()   { s.Open = false }

// maxSetups bounds the ranges: lines of links before that are over.
const maxSetups = 16

func (s *setupOps) add(id uint64) {
	if len(s.Ranges) == 0 {
		s.Ranges = append(s.Ranges, opRange{})
	}
	last := &s.Ranges[len(s.Ranges)-1]
	if last.From == 0 {
		last.From = id
	}
	last.To = max(last.To, id)
	if len(s.Ranges) > maxSetups {
		s.Ranges = append(s.Ranges[:0], s.Ranges[1:]...)
	}
}

// reach says from and up to which operation the import is, most of which may not be posted yet. From is 0 where the
// gateway did not say.
func (s *setupOps) reach(from, to uint64) {
	s.add(to)
	if last := &s.Ranges[len(s.Ranges)-1]; from != 0 && from < last.From {
		last.From = from
	}
}

func (s *setupOps) has(id uint64) bool {
	for i := len(s.Ranges) - 1; i >= 0; i-- {
		if r := s.Ranges[i]; id != 0 && r.From <= id && id <= r.To {
			return true
		}
	}
	return false
}

// op is a line that the gateway posted.
func (e *Engine) op(r *trace.Record) {
	var m irc.Message
	if err := m.Parse(r.Line); err != nil {
		e.errors["operation"]++
		return
	}
	if e.burst != following && !e.setup.has(r.ID) {
		e.setup.add(r.ID)
	}
	o := opInfo{ID: r.ID, At: e.now, Verb: strings.Clone(m.Command), UID: strings.Clone(m.Source), Target: e.fold(strings.Clone(m.Param(0)))}
	switch {
	case m.Source == "" && m.Command == "USER":
		e.mirror(e.person(strings.Clone(m.Param(0))))
	case m.Source == "" && m.Command == "GONE":
		e.takenOut(r.Line)
	case m.Command == "INVITE":
		o.Target, o.Subject = e.fold(strings.Clone(m.Param(1))), e.fold(strings.Clone(m.Param(0)))
		if p := e.uids[m.Param(0)]; p != nil {
			o.Subject = p.UID
		}
	case m.Source == "" && m.Command == "STATE":
		e.state.asked(e, m.Param(0))
	case m.Command == "NICK":
		o.Target = e.nickAsked(&m)
	case m.Source != "" && m.Command == "JOIN":
		e.names.bind(e, r.ID, m.Source, m.Param(0))
	case m.Source != "" && (m.Command == "PRIVMSG" || m.Command == "NOTICE"):
		e.opOfMessage(r, &m)
	}
	e.ops.add(e, o)
}

// takenOut notes those whom the gateway takes off the new network though they are there: it leaves them out now, as
// services that an earlier run had brought.
func (e *Engine) takenOut(line string) {
	uids, _, _ := strings.Cut(line, " :") // more than a message has parameters
	for uid := range strings.FieldsSeq(uids) {
		if p := e.uids[uid]; p != nil && !p.Gone && e.model != nil && e.model.User(s2s.UID(uid)) != nil {
			p.Posted = false
			e.count(p, false)
		}
	}
}

// nickAsked notes which nick the gateway asks for, which may be another than the live one.
func (e *Engine) nickAsked(m *irc.Message) string {
	uid, nick := m.Source, m.Param(0)
	if uid == "" {
		uid, nick = m.Param(0), m.Param(1)
	}
	if p := e.uids[uid]; p != nil {
		p.Told = strings.Clone(nick)
	}
	return e.fold(strings.Clone(nick))
}

// opOfMessage measures the gateway's own delay by messages, which have an operation each.
func (e *Engine) opOfMessage(r *trace.Record, m *irc.Message) {
	p := e.uids[m.Source]
	if p == nil {
		return
	}
	k := key{Cmd: m.Command, Source: actor{ID: p.ID}, Target: e.fold(m.Param(0)), Text: m.Param(1)}
	for ev := e.pending.head(k); ev != nil; ev = ev.next {
		if ev.Op == 0 {
			ev.Op, ev.OpAt = r.ID, e.now
			e.lags.gateway.add(e.now - ev.At)
			return
		}
	}
}

// opInfo is what is known of one operation.
type opInfo struct {
	ID                uint64
	At                time.Duration
	Verb, UID, Target string
	Subject           string `json:",omitempty"` // whom INVITE invites: a uid or a folded nick
	Refused           string `json:",omitempty"` // the numeric that answered it
}

// opTable is the operations of late, by id.
type opTable struct {
	List  []opInfo
	Acked uint64
	next  int // in List, of the first that is not acked
}

func (t *opTable) add(e *Engine, o opInfo) {
	t.List = append(t.List, o)
	if len(t.List) > 4096 && t.List[len(t.List)/2].At < e.now-2*e.window || len(t.List) > e.opt.MaxPending {
		half := len(t.List) / 2
		t.List = append(t.List[:0], t.List[half:]...)
		t.next = max(0, t.next-half)
	}
}

// last is the id of the latest operation, 0 when there was none.
func (t *opTable) last() uint64 {
	if len(t.List) == 0 {
		return 0
	}
	return t.List[len(t.List)-1].ID
}

// find returns an operation of late, or nil.
func (t *opTable) find(id uint64) *opInfo {
	lo, hi := 0, len(t.List)
	for lo < hi {
		if mid := (lo + hi) / 2; t.List[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(t.List) && t.List[lo].ID == id {
		return &t.List[lo]
	}
	return nil
}

func (t *opTable) acked(e *Engine, id uint64) {
	for t.next < len(t.List) && t.List[t.next].ID <= id {
		e.lags.commit.add(e.now - t.List[t.next].At)
		t.next++
	}
	t.Acked = max(t.Acked, id)
}
