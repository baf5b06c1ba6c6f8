package replay

import (
	"slices"
	"strings"

	"robustirc/canary/compare"
	"robustirc/core/irc"
	"robustirc/core/ircserver"
)

// Difference is one output of one input that two versions do not have alike.
type Difference struct {
	Class compare.Class
	// Field says what of a changed line: "source", "command", "param 2", "text", "recipients".
	Field string
	// Old and New are the outputs; nil where there is none.
	Old, New *Output
	// Lost and Leaked are recipients that only the old or only the new version has.
	Lost, Leaked []ircserver.SessionID
}

// deliveries is how many recipients see the difference; an output for nobody counts as one.
func (d *Difference) deliveries() int64 {
	n := len(d.Lost) + len(d.Leaked)
	for _, o := range []*Output{d.Old, d.New} {
		if o != nil {
			n = max(n, len(o.To))
		}
	}
	if d.Class == compare.ClassLoss || d.Class == compare.ClassLeak {
		n = len(d.Lost) + len(d.Leaked)
	}
	return int64(max(n, 1))
}

// diff compares the outputs that two versions have for one input. matched is how many deliveries are alike.
func diff(old, new []Output) (matched int64, list []Difference) {
	if slices.EqualFunc(old, new, func(a, b Output) bool { return equalOutputs(&a, &b) }) {
		return deliveries(old), nil
	}
	p := pairing{old: old, new: new, usedOld: make([]bool, len(old)), usedNew: make([]bool, len(new))}
	p.pair(equalOutputs)
	order := p.pairs
	p.pair(func(a, b *Output) bool { return a.Line == b.Line && a.Final == b.Final })
	p.pair(func(a, b *Output) bool { return kindOf(a.Line) == kindOf(b.Line) && slices.Equal(a.To, b.To) })
	p.pair(func(a, b *Output) bool { return kindOf(a.Line) == kindOf(b.Line) })
	p.pair(func(a, b *Output) bool { return slices.Equal(a.To, b.To) })
	for i, pair := range p.pairs {
		a, b := &old[pair.old], &new[pair.new]
		switch {
		case i >= len(order):
			list = append(list, changed(a, b))
		case p.swapped(order, i):
			list = append(list, Difference{Class: compare.ClassIntra, Old: a, New: b})
		default:
			matched += int64(len(a.To))
		}
	}
	for i := range old {
		if !p.usedOld[i] {
			list = append(list, Difference{Class: compare.ClassMissing, Old: &old[i]})
		}
	}
	for i := range new {
		if !p.usedNew[i] {
			list = append(list, Difference{Class: compare.ClassExtra, New: &new[i]})
		}
	}
	return matched, list
}

func deliveries(outs []Output) (n int64) {
	for i := range outs {
		n += int64(len(outs[i].To))
	}
	return n
}

func equalOutputs(a, b *Output) bool {
	return a.Line == b.Line && a.Final == b.Final && slices.Equal(a.To, b.To)
}

// pairing finds which output of one version is which of the other.
type pairing struct {
	old, new         []Output
	usedOld, usedNew []bool
	pairs            []pair
}

type pair struct{ old, new int }

// maxPairing is how far apart two outputs of one input may be to be compared with each other.
const maxPairing = 64

// pair pairs what is alike and not paired yet, each with the first that is.
func (p *pairing) pair(alike func(a, b *Output) bool) {
	next := 0
	for i := range p.old {
		if p.usedOld[i] {
			continue
		}
		for next < len(p.new) && p.usedNew[next] {
			next++
		}
		for j := next; j < min(len(p.new), next+maxPairing); j++ {
			if !p.usedNew[j] && alike(&p.old[i], &p.new[j]) {
				p.usedOld[i], p.usedNew[j] = true, true
				p.pairs = append(p.pairs, pair{i, j})
				break
			}
		}
	}
}

// swapped reports whether an equal output comes behind one that it came before, for somebody who sees both: pairs are in
// the order of the old version.
func (p *pairing) swapped(pairs []pair, i int) bool {
	for _, earlier := range pairs[max(0, i-maxPairing):i] {
		if earlier.new > pairs[i].new && overlap(p.old[earlier.old].To, p.old[pairs[i].old].To) {
			return true
		}
	}
	return false
}

// overlap reports whether two sorted sets have something in common.
func overlap(a, b []ircserver.SessionID) bool {
	return slices.ContainsFunc(a, func(id ircserver.SessionID) bool { _, ok := slices.BinarySearch(b, id); return ok })
}

// changed says what differs between two outputs that stand for each other.
func changed(a, b *Output) Difference {
	d := Difference{Old: a, New: b, Lost: without(a.To, b.To), Leaked: without(b.To, a.To)}
	switch {
	case a.Line != b.Line:
		d.Class, d.Field = compare.ClassChanged, changedField(a.Line, b.Line)
		if d.Field == "source" {
			d.Class = compare.ClassSource
		}
	case len(d.Leaked) > 0:
		d.Class, d.Field = compare.ClassLeak, "recipients"
	case len(d.Lost) > 0:
		d.Class, d.Field = compare.ClassLoss, "recipients"
	default:
		d.Class, d.Field = compare.ClassChanged, "end of the session"
	}
	return d
}

// without returns what of a is not in b; both are sorted.
func without(a, b []ircserver.SessionID) (only []ircserver.SessionID) {
	for _, id := range a {
		if _, ok := slices.BinarySearch(b, id); !ok {
			only = append(only, id)
		}
	}
	return only
}

// kindOf is a line's command, and for numerics whom they are about is no part of it.
func kindOf(line string) string {
	var m irc.Message
	if m.Parse(line) != nil {
		return ""
	}
	return irc.UpperCommand(m.Command)
}

// changedField names the first part in which two lines differ.
func changedField(a, b string) string {
	var x, y irc.Message
	if x.Parse(a) != nil || y.Parse(b) != nil {
		return "line"
	}
	switch {
	case x.Source != y.Source:
		return "source"
	case x.Command != y.Command:
		return "command"
	}
	for i := range max(x.NumParams(), y.NumParams()) {
		if x.Param(i) == y.Param(i) {
			continue
		}
		if i == x.NumParams()-1 && i == y.NumParams()-1 && (x.Trailing || y.Trailing) {
			return "text"
		}
		return "param " + string(rune('1'+min(i, 8)))
	}
	return "spacing"
}

// shapeOf abstracts a line: who and where become kinds.
func shapeOf(line string) string {
	var m irc.Message
	if m.Parse(line) != nil {
		return "LINE"
	}
	words := []string{irc.UpperCommand(m.Command)}
	for i, p := range m.Params() {
		switch {
		case irc.IsChannel(p):
			p = "#chan"
		case i == m.NumParams()-1 && m.Trailing:
			p = "TEXT"
		case strings.ContainsAny(p, "!@"):
			p = "MASK"
		case words[0] == "MODE" && p != "" && (p[0] == '+' || p[0] == '-'):
		default:
			p = "WORD"
		}
		words = append(words, p)
	}
	if m.Source == "" || !strings.Contains(m.Source, "!") {
		return "SERVER " + strings.Join(words, " ")
	}
	return "USER " + strings.Join(words, " ")
}
