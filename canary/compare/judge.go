package compare

import (
	"slices"
	"strings"
)

// judgeRecipients compares who saw an event with who must have (C-9).
func (e *Engine) judgeRecipients(ev *event) { e.judgeSets(ev, outcomeMatch) }

// judgeSets counts those who saw it rightly under an outcome, and reports the others.
func (e *Engine) judgeSets(ev *event, outcome outcome) {
	lost, leaked, right := e.sets(ev)
	if ev.Storm {
		lost, leaked = e.stormy(ev, lost, leaked)
	}
	early := slices.DeleteFunc(slices.Clone(ev.Early), func(id int32) bool { return slices.Contains(leaked, id) })
	swaps := 0
	legal := func(id int32) bool {
		if e.swapped(ev, id) {
			swaps++
			return true
		}
		return false
	}
	lost, leaked = slices.DeleteFunc(lost, legal), slices.DeleteFunc(leaked, legal)
	e.tally.outcome(e, ev, outcome, int64(right-len(early)))
	if swaps > 0 {
		e.report(&diff{class: ClassConcurrent, ev: ev, field: "recipients", units: int64(swaps), mark: MarkChanged})
	}
	switch {
	case len(leaked) > 0:
		e.report(&diff{class: ClassLeak, ev: ev, field: "recipients", users: append(leaked, lost...), units: int64(len(leaked) + len(lost)), mark: MarkChanged})
	case len(lost) > 0:
		e.report(&diff{class: ClassLoss, ev: ev, field: "recipients", users: lost, units: int64(len(lost)), mark: MarkChanged})
	}
	if len(early) > 0 {
		d := diff{class: ClassCausal, ev: ev, field: "membership", users: early, units: int64(len(early)), mark: MarkChanged}
		if g := e.groups.byID[ev.Group]; g != nil && (g.Class == ClassIntra || g.Class == ClassCausal) {
			d.root = g // it was shown in a wrong order, and so after who was to see it had left
		}
		e.report(&d)
		e.seat(ev, early)
	}
	if len(leaked)+len(lost)+len(early) == 0 {
		e.checkHost(ev)
		e.resync(ev)
	}
}

// stormy takes out who is shown what a linking server tells, or not, by being on the channel now (N-10): of several who
// come at once each network has an order of its own.
func (e *Engine) stormy(ev *event, lost, leaked []int32) (_, _ []int32) {
	r := e.rooms[ev.Room]
	here := func(id int32) bool { return r != nil && r.side[live].members[id] != nil }
	n := len(lost) + len(leaked)
	leaked = slices.DeleteFunc(leaked, here)
	lost = slices.DeleteFunc(lost, here)
	if n -= len(lost) + len(leaked); n > 0 && e.book.hit(KindBurst, "", command(ev.Key.Cmd), "") {
		e.tally.add(e, ev.Key.Cmd, outcomeIgnored, int64(n))
	}
	return lost, leaked
}

// seat believes that those are on the channel who are shown what happens there: one difference is enough.
func (e *Engine) seat(ev *event, ids []int32) {
	r := e.rooms[ev.Room]
	for _, id := range ids {
		if p := e.people[id]; p != nil && r != nil && !p.Quit && r.has(live, p) {
			e.enter(shadow, r, p)
		}
	}
}

// sets returns who should have seen an event and did not, who did and should not, and how many rightly did.
func (e *Engine) sets(ev *event) (lost, leaked []int32, right int) {
	got := slices.Clone(ev.Got)
	slices.Sort(got)
	got = slices.Compact(got)
	i := 0
	for _, id := range ev.Aud.IDs {
		for i < len(got) && got[i] < id {
			leaked = append(leaked, got[i])
			i++
		}
		p := e.people[id]
		must := id != ev.Except && p != nil && p.Posted
		switch {
		case i < len(got) && got[i] == id && must:
			right++
			i++
		case i < len(got) && got[i] == id && id != ev.Except:
			right++ // not mirrored yet when we looked
			i++
		case i < len(got) && got[i] == id:
			leaked = append(leaked, id)
			i++
		case must:
			lost = append(lost, id)
		}
	}
	return lost, append(leaked, got[i:]...), right
}

// judgeMissing is a live event that the new network did not show as it is.
func (e *Engine) judgeMissing(ev *event) {
	_, n := e.expected(ev)
	if extra, part := e.leftover(ev); extra != nil && !ev.Optional {
		e.take(extra)
		e.judgeChanged(ev, extra, part)
		return
	}
	if ev.Optional && e.book.hit(KindBurst, "", command(ev.Key.Cmd), "") {
		e.tally.outcome(e, ev, outcomeIgnored, int64(n))
		return
	}
	if ev.Loose && command(ev.Key.Cmd) == "MODE" && e.book.hit(KindModes, "", "MODE", "") {
		e.tally.outcome(e, ev, outcomeIgnored, int64(n)) // an extended mask that cannot be had there
		return
	}
	e.tally.event(e, ev.Key.Cmd)
	d := diff{class: ClassMissing, ev: ev, cause: e.refusal(ev), units: int64(n), users: ids(ev), mark: MarkMissing}
	e.report(&d)
	if ev.Group != "" {
		ev.next = nil
		ev.Due = e.now + 3*e.window
		ev.State = waiting
		e.late.add(ev.Key, ev)
		e.lateDue.push(ev)
	}
}

// ids are the first of those who must see an event.
func ids(ev *event) []int32 {
	var list []int32
	for _, id := range ev.Aud.IDs {
		if id != ev.Except && len(list) < maxNamed {
			list = append(list, id)
		}
	}
	return list
}

// refusal is the numeric that the new network answered the event's operation with, or "".
func (e *Engine) refusal(ev *event) string {
	p := e.people[ev.Key.Source.ID]
	if p == nil {
		return ""
	}
	if o := e.ops.find(ev.Op); o != nil && o.Refused != "" {
		return e.answers.consume(o)
	}
	for i := len(e.ops.List) - 1; i >= 0 && e.ops.List[i].At >= ev.At; i-- {
		o := &e.ops.List[i]
		if o.Refused != "" && o.UID == p.UID && o.Target == ev.Key.Target && command(ev.Key.Cmd) == o.Verb {
			return e.answers.consume(o)
		}
	}
	return ""
}

// command is the verb of a key's command: without a mode's letter or a status sign.
func command(cmd string) string {
	verb, _, _ := strings.Cut(cmd, " ")
	return verb
}

// judgeChanged is a live event that was shown with another text, source or target.
func (e *Engine) judgeChanged(ev, extra *event, part byte) {
	ev.ShownAt, ev.ShownSeq, ev.ShownOrd, ev.Shown = extra.ShownAt, extra.ShownSeq, extra.ShownOrd, extra.Shown
	ev.Got, ev.GotSum, ev.Early, ev.Host = extra.Got, extra.GotSum, extra.Early, extra.Host
	if e.explained(ev, extra, part) {
		e.judgeSets(ev, outcomeIgnored) // what a rule explains, it explains to everybody who must see it
		return
	}
	_, n := e.expected(ev)
	e.tally.event(e, ev.Key.Cmd)
	d := diff{ev: ev, other: extra, units: int64(n), users: ids(ev), mark: MarkChanged}
	switch part {
	case looseText:
		d.class, d.field = ClassChanged, "text"
	case looseMode:
		d.class, d.field = ClassChanged, "mode"
	case looseSource:
		d.class, d.field = ClassSource, "source"
	default:
		d.class, d.field = ClassTarget, "target"
	}
	e.report(&d)
}

// explained reports whether a rule explains that one part of an event was shown differently.
func (e *Engine) explained(ev, extra *event, part byte) bool {
	cmd, was, is := command(ev.Key.Cmd), ev.Key.Text, extra.Key.Text
	switch {
	case part == looseSource:
		return ev.Key.Source == server && e.book.hit(KindSource, "source", cmd, "")
	case part != looseText:
		return false
	case cmd == "NICK":
		o := e.ops.find(extra.Cause)
		return o != nil && o.Verb == "NICK" && o.Target == e.fold(is) && e.book.hit(KindBijection, "nick", cmd, "")
	case cmd == "MODE" && ev.Loose:
		return extended(is) && e.book.hit(KindModes, "", cmd, "")
	case cmd == "QUIT" && strings.TrimPrefix(was, "Quit: ") == strings.TrimPrefix(is, "Quit: "):
		return e.book.hit(KindText, "quit", cmd, "")
	case cmd == "QUIT" && ev.Loose:
		return e.book.hit(KindText, "quit", cmd, "")
	case cmd == "KICK" || cmd == "PART" || cmd == "QUIT":
		if was == "" || is == "" {
			return e.book.hit(KindText, "default", cmd, "")
		}
	}
	return cut(was, is) && e.book.hit(KindLength, "text", cmd, "")
}

// cut reports whether one text is the other's beginning, and near the length at which lines are cut (N-13).
func cut(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	const shortest = 300
	return len(a) >= shortest && len(a) < len(b) && strings.HasPrefix(b, a)
}

// judgeExtra is what the new network showed and nothing live is found for.
func (e *Engine) judgeExtra(ev *event) {
	if ev.Taken {
		return
	}
	e.take(ev)
	if e.ownAnswer(ev) || e.settling(ev) || e.byTurning(ev) {
		e.tally.add(e, ev.Key.Cmd, outcomeIgnored, int64(len(ev.Got)))
		return
	}
	d := diff{class: ClassExtra, ev: ev, units: int64(max(1, len(ev.Got))), users: first(ev.Got), mark: MarkExtra}
	if e.lines[shadow].twice(ev.Seq, ev.Line) {
		d.class = ClassDuplicate
	}
	e.report(&d)
}

// ownAnswer reports whether an extra is what somebody who is alone on a channel is shown of how it is made: the modes
// that it begins with, and what the gateway sets where the live channel was kept by who is not mirrored.
func (e *Engine) ownAnswer(ev *event) bool {
	cmd := command(ev.Key.Cmd)
	return ev.Alone && (cmd == "MODE" || cmd == "TOPIC") && e.book.hit(KindOwnAnswer, "", cmd, "")
}

// settling reports whether an extra is an effect by which the gateway makes a channel what a server that links says it
// is (N-10).
func (e *Engine) settling(ev *event) bool {
	o := e.ops.find(ev.Cause)
	cmd := command(ev.Key.Cmd)
	return o != nil && o.UID == "" && ev.At < e.stormUntil+e.window && (cmd == "MODE" || cmd == "TOPIC") && e.book.hit(KindBurst, "", cmd, "")
}

// cameLate is a live event that was shown after it had been given up.
func (e *Engine) cameLate(ev *event, s *seen) {
	e.undo(ev)
	ev.State = done
	e.show(ev, s)
	if e.throttled(ev) && e.book.hit(KindThrottle, "", command(ev.Key.Cmd), ClassLate) {
		e.tally.add(e, ev.Key.Cmd, outcomeIgnored, ev.Units)
		return
	}
	e.report(&diff{class: ClassLate, ev: ev, field: "time", units: ev.Units, users: ids(ev), mark: MarkChanged})
}

// throttled reports whether the event's operation was posted late: it had to wait before the new network knew of it.
func (e *Engine) throttled(ev *event) bool {
	o := e.ops.find(ev.Cause)
	return o != nil && o.At-ev.At >= e.window/2
}

// resync ends a divergence: what a user is to a channel is shown rightly again.
func (e *Engine) resync(ev *event) {
	switch ev.Key.Cmd {
	case "JOIN", "PART":
		delete(e.diverged, divergence{ev.Key.Source.ID, ev.Room})
	case "KICK":
		delete(e.diverged, divergence{ev.Key.Subject, ev.Room})
	case "NICK":
		delete(e.diverged, divergence{ev.Key.Source.ID, ""})
	}
}

// maxHosts bounds the hosts that are followed.
const maxHosts = 1 << 20

// checkHost holds that hosts are shown one to one (N-2).
func (e *Engine) checkHost(ev *event) {
	p := e.people[ev.Key.Source.ID]
	if p == nil || ev.Host == "" || p.LiveHost == "" || ev.LiveHost != p.LiveHost {
		return // it has changed meanwhile
	}
	if p.ShadowHost == ev.Host && p.HostOf == p.LiveHost {
		return
	}
	stable := p.HostOf != p.LiveHost || p.ShadowHost == ""
	p.ShadowHost, p.HostOf = ev.Host, p.LiveHost
	if stable && e.hosts.agree(ev.LiveHost, ev.Host) {
		if ev.LiveHost != ev.Host {
			e.book.hit(KindBijection, "host", command(ev.Key.Cmd), "")
		}
		return
	}
	e.report(&diff{class: ClassHost, ev: ev, field: "host", units: 1, users: []int32{p.ID}, mark: MarkChanged})
}

// hostTable is which host is which on the other side.
type hostTable struct{ There, Here map[string]string }

// agree learns a pair, and reports false when either has another partner. Only the host counts, not the ident.
func (t *hostTable) agree(liveHost, shadowHost string) bool {
	_, a, _ := strings.Cut(liveHost, "@")
	_, b, _ := strings.Cut(shadowHost, "@")
	there, known := t.There[a]
	here, taken := t.Here[b]
	if known || taken {
		return there == b && here == a
	}
	if len(t.There) < maxHosts {
		t.There[a], t.Here[b] = b, a
	}
	return true
}
