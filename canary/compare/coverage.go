package compare

import (
	"cmp"
	"slices"

	"robustirc/linkgw/network"
	"robustirc/s2s"
)

// coverage counts what was seen of the live network and what became of it (C-33).
type coverage struct {
	rows     map[string]*CoverageRow
	reasons  map[string]int64
	events   int64
	excluded int64 // observations that could have been compared and were not
	setup    int64 // observations of the new network that came of setting up
	answers  map[string]int64
	unknown  map[string]int64
	losses   map[string]int64
	outsides map[string]int64
}

func (c *coverage) init() {
	c.rows, c.reasons, c.answers = map[string]*CoverageRow{}, map[string]int64{}, map[string]int64{}
	c.unknown, c.losses, c.outsides = map[string]int64{}, map[string]int64{}, map[string]int64{}
}

func (c *coverage) row(verb string) *CoverageRow {
	r := c.rows[verb]
	if r == nil {
		if len(c.rows) >= maxNames {
			verb = "…"
		}
		r = &CoverageRow{Command: verb}
		c.rows[verb] = r
	}
	return r
}

func (c *coverage) skip(verb, reason string) {
	c.events++
	r := c.row(verb)
	r.Seen++
	r.Skipped++
	c.reasons[reason]++
}

func (c *coverage) outside(what string) { c.outsides[what]++ }

// line counts one line of the live network by what came of it.
func (c *coverage) line(e *Engine, verb string, changes []network.Change, body s2s.Body, observed bool) {
	if !observed {
		if reason := skipReason(e, changes, body); reason != "" {
			c.skip(verb, reason)
			return
		}
	}
	c.events++
	r := c.row(verb)
	r.Seen++
	if observed {
		r.Translated++
	} else {
		r.EffectOnly++
	}
}

// skipReason says why a line has neither an observation nor an effect; "" when it has an effect.
func skipReason(e *Engine, changes []network.Change, body s2s.Body) string {
	switch b := body.(type) {
	case s2s.Unknown:
		return "no-equivalent"
	case s2s.Message:
		if b.Kind == s2s.TagMsg || b.Kind == s2s.Echo {
			return "out-of-scope"
		}
		if e.paused {
			return "gap"
		}
		return "not-visible-in-mode"
	case s2s.OperMessage, s2s.Ping, s2s.Pong, s2s.Housekeeping, s2s.Query, s2s.Numeric, s2s.StandardReply, s2s.Knock, s2s.Handshake, s2s.ServerInfo, s2s.EndOfBurst, s2s.Closing:
		return "out-of-scope"
	case s2s.Force, s2s.SASL, s2s.NickHold, s2s.SWhois:
		return "services"
	}
	if len(changes) == 0 {
		return "no-effect"
	}
	if e.paused {
		return "gap"
	}
	return ""
}

// notCovered says in words what nothing is known of.
func (e *Engine) notCovered() []string {
	list := []string{"private messages between users of the existing network: no server passes them to a third one",
		"what users are answered by their own server of the existing network, but for what probes ask"}
	if e.header.Mode == "strict-readonly" {
		list = append(list, "the text of channels: a TS6 server that has no user on a channel is not sent it (capture mode strict-readonly)")
	}
	if len(e.probes.byName) == 0 {
		list = append(list, "a live client's own view: there was no probe, so that the model of the linked network is not checked against one")
	}
	return list
}

func (e *Engine) coverageResult() Coverage {
	c := &e.cover
	r := Coverage{Events: c.events, Rows: []CoverageRow{}, Reasons: sortedTally(c.reasons), Compared: e.tally.total.Events, NotCovered: e.notCovered(), Commands: e.tally.commands()}
	var sum int64
	for _, row := range c.rows { // order does not matter: they are sorted
		r.Rows = append(r.Rows, *row)
		sum += row.Seen
		if row.Seen != row.Translated+row.EffectOnly+row.Skipped {
			sum = -1 << 40
		}
	}
	slices.SortFunc(r.Rows, func(a, b CoverageRow) int {
		return cmp.Or(cmp.Compare(b.Seen, a.Seen), cmp.Compare(a.Command, b.Command))
	})
	r.Balanced = sum == c.events
	r.Eligible = r.Compared + c.excluded
	r.PPB = 1_000_000_000
	if r.Eligible > 0 {
		r.PPB = ppb(r.Compared, r.Eligible)
	}
	return r
}

// ppb is a share in parts per thousand millions.
func ppb(part, of int64) int64 {
	if of == 0 {
		return 0
	}
	const unit = 1_000_000_000
	if part < 1<<33 {
		return part * unit / of
	}
	return part / (of/unit + 1)
}

// losses is what users lose and gain, the most frequent first.
func (e *Engine) losses() []Loss {
	list := []Loss{}
	for _, t := range sortedTally(e.cover.losses) {
		list = append(list, Loss{What: t.Name, Count: t.Count})
	}
	return append(list, e.probes.losses()...)
}
