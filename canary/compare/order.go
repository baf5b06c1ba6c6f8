package compare

import (
	"time"

	"robustirc/canary/trace"
)

// marks are how far the new network has shown what one user did, by numbers of live events.
type marks struct {
	Chains map[string]uint64 `json:",omitempty"` // by target
	Kicked map[string]uint64 `json:",omitempty"` // by channel: the user being removed from it
	MaxOrd uint64            `json:",omitempty"` // of all the user did
	Global uint64            `json:",omitempty"` // of a change of nick or quitting
}

// maxChains bounds the targets of one user.
const maxChains = 1024

// move is a membership event that the new network has shown.
type move struct {
	User, Source  int32
	Ord, ShownOrd uint64
	At            time.Duration
}

// checkOrder looks whether what was shown now may come after what was shown before (C-8). The network that is linked has
// no order of its own but per source and target, and of what depends on each other.
func (e *Engine) checkOrder(ev *event) {
	if e.header.Style == trace.StyleSessions {
		return // there are as many orders as streams
	}
	class := e.orderOf(ev)
	r := e.rooms[ev.Room]
	if r != nil {
		if class == "" && ev.Ord < r.MaxOrd {
			class = ClassConcurrent
		}
		r.MaxOrd = max(r.MaxOrd, ev.Ord)
	}
	e.moved(ev, r)
	if class != "" {
		e.report(&diff{class: class, ev: ev, field: "order", units: 1, mark: MarkChanged})
	}
}

// orderOf checks an event against what its source did, and moves the source's marks on.
func (e *Engine) orderOf(ev *event) (class Class) {
	ord := ev.Ord
	p := e.people[ev.Key.Source.ID]
	if p != nil {
		switch {
		case ord < p.Global, ord < p.Kicked[ev.Key.Target]:
			class = ClassCausal
		case ord < p.Chains[ev.Key.Target]:
			class = ClassIntra
		case ev.global() && ord < p.MaxOrd:
			class = ClassCausal
		}
		p.mark(ev)
	}
	if ev.Key.Cmd == "KICK" {
		if q := e.people[ev.Key.Subject]; q != nil && q != p {
			if class == "" && ord < q.Chains[ev.Key.Target] {
				class = ClassCausal
			}
			mark(&q.Kicked, ev.Key.Target, ord)
		}
	}
	return class
}

// global reports whether everything else that the source does depends on it.
func (ev *event) global() bool { return ev.Key.Cmd == "NICK" || ev.Key.Cmd == "QUIT" }

func (p *person) mark(ev *event) {
	p.MaxOrd = max(p.MaxOrd, ev.Ord)
	if ev.global() {
		p.Global = max(p.Global, ev.Ord)
	}
	mark(&p.Chains, ev.Key.Target, ev.Ord)
}

func mark(m *map[string]uint64, target string, ord uint64) {
	if *m == nil || len(*m) >= maxChains {
		*m = map[string]uint64{}
	}
	(*m)[target] = max((*m)[target], ord)
}

// moved notes who came to a channel or left it.
func (e *Engine) moved(ev *event, r *room) {
	m := move{User: ev.Key.Source.ID, Source: ev.Key.Source.ID, Ord: ev.Ord, ShownOrd: ev.ShownOrd, At: e.now}
	switch ev.Key.Cmd {
	case "KICK":
		m.User = ev.Key.Subject
	case "JOIN", "PART":
	case "QUIT":
		if p := e.people[m.User]; p != nil {
			for _, x := range p.rooms[shadow] {
				x.addMove(m, e.window)
			}
		}
		return
	default:
		return
	}
	if r != nil {
		r.addMove(m, e.window)
	}
}

// addMove keeps the moves of two windows.
func (r *room) addMove(m move, window time.Duration) {
	const few = 64
	if len(r.Moves) >= few && r.Moves[len(r.Moves)/2].At < m.At-2*window {
		r.Moves = append(r.Moves[:0], r.Moves[len(r.Moves)/2:]...)
	}
	r.Moves = append(r.Moves, m)
}

// swapped reports whether a user's seeing an event, or not, follows from another legal order: the user came or went
// before it on one side and after it on the other, by a doing that is independent of the event's source.
func (e *Engine) swapped(ev *event, user int32) bool {
	if r := e.rooms[ev.Room]; r != nil {
		return r.swapped(ev, user)
	}
	for _, id := range []int32{user, ev.Key.Source.ID} {
		p := e.people[id]
		if p == nil {
			continue
		}
		for side := range p.rooms {
			for _, r := range p.rooms[side] {
				if r.swapped(ev, user) {
					return true
				}
			}
		}
	}
	return false
}

func (r *room) swapped(ev *event, user int32) bool {
	for i := len(r.Moves) - 1; i >= 0; i-- {
		m := &r.Moves[i]
		if m.User == user && m.Source != ev.Key.Source.ID && (m.Ord < ev.Ord) != (m.ShownOrd < ev.ShownOrd) {
			return true
		}
	}
	return false
}
