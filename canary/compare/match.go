package compare

import (
	"slices"
	"time"

	"robustirc/canary/trace"
)

// expected is who must see a live event: the sum and number of those who are mirrored.
func (e *Engine) expected(ev *event) (sum uint64, n int) {
	sum, n = ev.Aud.Sum, ev.Aud.N
	if p := e.people[ev.Except]; p != nil && p.Mirrored && ev.Aud.has(ev.Except) {
		sum, n = sum-mix(ev.Except), n-1
	}
	return sum, n
}

// match joins what the new network showed with the live event it is of (C-6, C-7).
func (e *Engine) match(s *seen) {
	if ev := e.partials[s.out]; ev != nil {
		e.more(ev, s)
		return
	}
	if ev := e.shares[share{s.key, s.out.Input}]; ev != nil && ev.State == partial && disjoint(ev.Got, s.got) {
		e.more(ev, s) // one event in two lines: the one who did it has one of its own
		return
	}
	ev := e.pending.head(s.key)
	if ev == nil || e.another(ev, s) {
		e.unmatched(s)
		return
	}
	e.pending.remove(s.key, ev)
	e.show(ev, s)
	e.lags.shown(e, ev)
	e.checkOrder(ev)
	if !e.complete(ev) {
		e.waitForMore(ev, s.out)
	}
}

// another reports whether a topic is not that of an event which need not be shown, since the topic was as it is: the new
// network sets the same one later to a channel that it makes anew.
func (e *Engine) another(ev *event, s *seen) bool {
	if !ev.Optional || ev.Key.Cmd != "TOPIC" {
		return false
	}
	sum, n := e.expected(ev)
	return s.sum != sum || len(s.got) != n
}

// show notes on an event what the new network showed.
func (e *Engine) show(ev *event, s *seen) {
	ev.ShownAt, ev.ShownSeq, ev.ShownOrd, ev.Shown, ev.Cause = e.now, e.seq, e.shown, s.line, s.cause
	ev.Input, ev.Reply, ev.Part = s.out.Input, s.out.Reply, s.out.Part
	ev.Got, ev.GotSum, ev.Early, ev.Host = s.got, s.sum, s.early, s.host
}

// complete closes an event that was shown to exactly those who must see it.
func (e *Engine) complete(ev *event) bool {
	sum, n := e.expected(ev)
	if ev.GotSum != sum || len(ev.Got) != n || len(ev.Early) > 0 {
		return false
	}
	e.close(ev, int64(n))
	return true
}

// close counts a match.
func (e *Engine) close(ev *event, n int64) {
	if ev.State != done {
		ev.State = done
		e.due.matched()
	}
	if e.onMatch != nil {
		e.onMatch(ev)
	}
	e.tally.match(e, ev, n)
	e.checkHost(ev)
	e.resync(ev)
}

// waitForMore leaves an event open: its other recipients may be told in another stream.
func (e *Engine) waitForMore(ev *event, out output) {
	ev.State = partial
	e.partials[out] = ev
	e.shares[ev.share()] = ev
	ev.Due = e.now + e.window
	e.due.push(ev)
}

// more is an output of which other recipients were told before.
func (e *Engine) more(ev *event, s *seen) {
	for i, id := range s.got {
		if !slices.Contains(ev.Got, id) {
			ev.Got = append(ev.Got, id)
			ev.GotSum += mix(s.got[i])
		}
	}
	ev.Early = append(ev.Early, s.early...)
	if ev.Ord != 0 && e.complete(ev) {
		e.settled(ev)
	}
}

// settled forgets that an event was shown in part.
func (e *Engine) settled(ev *event) {
	delete(e.partials, ev.out())
	if e.shares[ev.share()] == ev {
		delete(e.shares, ev.share())
	}
}

// share is an observation of one input of the new network, of which more lines may be about the same event.
type share struct {
	key   key
	input uint64
}

func (ev *event) share() share { return share{ev.Key, ev.Input} }

func disjoint(a, b []int32) bool {
	return !slices.ContainsFunc(b, func(id int32) bool { return slices.Contains(a, id) })
}

// unmatched is what nothing live is found for: it may be late, or it waits to be paired with what is left over there.
func (e *Engine) unmatched(s *seen) {
	if ev := e.late.head(s.key); ev != nil {
		e.late.remove(s.key, ev)
		e.cameLate(ev, s)
		return
	}
	if e.due.len() >= e.opt.MaxPending {
		e.overflow["extra"]++
		return
	}
	ev := &event{Key: s.key, Seq: e.seq, At: e.now, Due: e.now + e.window, Line: s.line}
	if s.room != nil {
		ev.Room = s.room.Key
		ev.Alone = len(s.got) == 1 && s.room.alone(s.got[0])
	}
	e.show(ev, s)
	e.addExtra(ev)
	e.due.push(ev)
}

// alone reports whether somebody is the only one on the new network's channel. Who was alone when he quit, nobody was told
// of, but that he is gone on the live side.
func (r *room) alone(id int32) bool {
	for other, p := range r.side[shadow].members { // order does not matter: one is enough
		if other != id && !p.Gone {
			return false
		}
	}
	return r.side[shadow].members[id] != nil
}

// addExtra files what nothing live is found for, also by what is left of it without one part.
func (e *Engine) addExtra(ev *event) {
	e.extras.add(ev.Key, ev)
	for _, part := range looseParts {
		e.extras.add(ev.Key.loose(part), &event{pair: ev})
	}
	if e.header.Style == trace.StyleSessions {
		e.partials[ev.out()] = ev
	}
}

// take removes an extra from the index.
func (e *Engine) take(ev *event) {
	ev.Taken = true
	e.extras.remove(ev.Key, ev)
	for _, part := range looseParts {
		k := ev.Key.loose(part)
		for x := e.extras.head(k); x != nil; x = x.next {
			if x.pair == ev {
				e.extras.remove(k, x)
				break
			}
		}
	}
	delete(e.partials, ev.out())
}

// leftover finds an extra that differs from a live event in one part only, and says in which.
func (e *Engine) leftover(ev *event) (*event, byte) {
	for _, part := range looseParts {
		if part == looseTarget && ev.Key.Text == "" || part == looseMode && command(ev.Key.Cmd) != "MODE" {
			continue
		}
		for x := e.extras.head(ev.Key.loose(part)); x != nil; x = x.next {
			if x.pair.At >= ev.At && !x.pair.Taken {
				return x.pair, part
			}
		}
	}
	return nil, 0
}

// expire judges what is due.
func (e *Engine) expire(now time.Duration) {
	for ev := e.due.pop(now); ev != nil; ev = e.due.pop(now) {
		e.judge(ev)
	}
	for ev := e.lateDue.pop(now); ev != nil; ev = e.lateDue.pop(now) {
		e.late.remove(ev.Key, ev)
	}
	e.leftOut(now)
	e.names.expire(e, now)
	e.probes.expire(now, e.window)
	for len(e.leaving) > 0 && e.leaving[0].At <= now {
		if p := e.people[e.leaving[0].ID]; p != nil && p.Gone {
			e.forget(p)
		}
		e.leaving = e.leaving[1:]
	}
}

// The bounds of how long before the end of a run what has not been shown is taken to be under way.
const minUnderWay, maxUnderWay = 250 * time.Millisecond, 5 * time.Second

// underWay leaves out what happened so shortly before the end that it need not have been shown yet: within twice the
// longest time that anything took.
func (e *Engine) underWay() {
	grace := min(max(2*e.lags.shadow.Max, minUnderWay), maxUnderWay)
	for _, d := range e.due.list[e.due.head:] {
		ev := d.ev
		if ev == nil || !d.stands() || ev.State != waiting || ev.Ord == 0 || ev.At <= e.now-grace {
			continue
		}
		if extra, _ := e.leftover(ev); extra == nil {
			ev.State = done
			e.pending.remove(ev.Key, ev)
			e.excluded(ev)
		}
	}
	e.names.open = slices.DeleteFunc(e.names.open, func(l *nameList) bool { return l.At > e.now-grace })
}

// Finish judges everything that is still waiting, as when the run is over.
func (e *Engine) finish() {
	e.expire(e.now + 2*e.window)
}

// judge decides what became of an event whose time is up.
func (e *Engine) judge(ev *event) {
	state := ev.State
	ev.State = done
	switch {
	case ev.Ord == 0:
		e.judgeExtra(ev)
	case state == partial:
		e.settled(ev)
		e.judgeRecipients(ev)
	default:
		e.pending.remove(ev.Key, ev)
		e.judgeMissing(ev)
	}
}
