package compare

import (
	"fmt"
	"slices"
	"time"
)

// Result judges everything that was added, as if the run ended here, and returns what there is to report. The engine
// stays as it is: more records can be added.
func (e *Engine) Result() Result {
	snapshot := e.Checkpoint()
	c, err := Restore(snapshot, e.opt)
	if err != nil {
		return Result{Schema: SchemaVersion, Verdict: Verdict{Word: Inconclusive, Exit: ExitInternal,
			Reasons: []Reason{{Gate: "internal", Bit: ExitInternal, Text: err.Error()}}}}
	}
	c.sample = e.sample
	test := c.sample.test(c.opt)
	c.underWay()
	c.finish()
	return c.result(test)
}

func (e *Engine) result(test SelfTest) Result {
	e.closeGap()
	noise := e.noise()
	r := Result{
		Schema: SchemaVersion, Run: e.run(), Deliveries: e.tally.total, State: e.state.counts, Classes: e.tally.classList(),
		Groups: e.groups.results(), Rules: e.ruleUse(), Noise: noise, Coverage: e.coverageResult(), Latency: e.lags.results(e), SelfTest: test,
		Probes: e.probes.results(), Model: ModelCheck{Checked: e.probes.checked, Errors: e.probes.errors, RatePPB: ppb(e.probes.errors, e.probes.checked)},
		Gaps: slices.Clone(e.gaps), Losses: e.losses(), Rates: slices.Clone(e.tally.rates), Users: worst(e.tally.users), Channels: worst(e.tally.channels),
		Overflow: e.overflow, Errors: e.errors,
	}
	if r.Gaps == nil {
		r.Gaps = []GapSpan{}
	}
	if r.Rates == nil {
		r.Rates = []RateBucket{}
	}
	r.applyNoise()
	r.Bound = bound(r.Deliveries, e.opt.Gates.UpperPPB)
	r.Verdict = e.verdict(&r)
	return r
}

func (e *Engine) run() Run {
	h := e.header
	r := Run{ID: h.RunID, Version: h.Version, Started: h.Started.UTC(), Protocol: e.up.Protocol, Dialect: e.up.Dialect, Network: h.Network, Peer: e.up.Peer,
		Mode: string(h.Mode), Style: string(h.Style), Redacted: h.Redacted, Notes: h.Notes, Duration: e.now, Compared: e.now, Records: e.records, Window: e.window}
	if e.model != nil {
		_, r.Users, r.Channels = e.model.Sizes()
	}
	r.Links = e.up.Number
	for _, g := range e.gaps {
		r.Compared -= g.To - g.From
	}
	return r
}

func (e *Engine) ruleUse() []RuleUse {
	list := make([]RuleUse, len(e.book.rules))
	all := e.tally.total.Compared()
	for i, r := range e.book.rules {
		u := RuleUse{Rule: r, Hits: e.book.hits[i], Unused: e.book.hits[i] == 0, Expired: e.book.expired[i]}
		of := all
		if len(r.Commands) > 0 {
			of = 0
			for _, c := range e.tally.byCmd { // order does not matter: it is a sum
				if slices.Contains(r.Commands, command(c.Command)) {
					of += c.Counters.Compared()
				}
			}
		}
		u.SharePPB = ppb(u.Hits, max(of, u.Hits, 1))
		u.Wide = u.SharePPB > 200_000_000 && r.Kind != KindExpand && r.Kind != KindOutside && r.Kind != KindOneName && r.Kind != KindOrder
		list[i] = u
	}
	return list
}

// ---- noise

// noiseClasses are the only ones that noise between live servers can explain: never a leak, a lost or changed body, or
// the order of one source (C-14).
var noiseClasses = []Class{ClassConcurrent, ClassLate}

func (e *Engine) noise() []NoiseTest {
	list := []NoiseTest{}
	for _, class := range noiseClasses {
		n := NoiseTest{Class: class, ShadowOf: e.tally.total.Compared(), AAOf: e.probes.checked}
		if c := e.tally.classes[class]; c != nil {
			n.Shadow = c.Count - c.Ignored
		}
		if class == ClassConcurrent {
			n.AA = e.probes.swaps
		}
		n.judge()
		list = append(list, n)
	}
	return list
}

// judge applies the test and its guards: noise is what is not more frequent than between two live servers.
func (n *NoiseTest) judge() {
	n.ShadowPPB, n.AAPPB = ppb(n.Shadow, n.ShadowOf), ppb(n.AA, n.AAOf)
	n.Significant = n.AAOf == 0 || above(n.Shadow, n.ShadowOf, n.AA, n.AAOf)
	n.Relative = n.ShadowPPB > n.AAPPB+n.AAPPB/5
	n.Absolute = n.ShadowPPB > n.AAPPB+300_000
	n.Noise = n.Shadow > 0 && !n.Significant && n.AA > 0
}

// above is the one-sided two-proportion test that k1 of n1 is over k2 of n2, alpha 0.01: z > 2.326, in integers.
func above(k1, n1, k2, n2 int64) bool {
	if n1 == 0 || n2 == 0 {
		return k1 > 0
	}
	p1, p2 := ppb(k1, n1), ppb(k2, n2)
	if p1 <= p2 {
		return false
	}
	const unit = 1_000_000_000
	p := ppb(k1+k2, n1+n2)
	variance := p*(unit-p)/n1 + p*(unit-p)/n2 // parts per 10^18
	d := p1 - p2
	return d*d/541 > variance/100 // z^2 > 5.41
}

// applyNoise moves what is noise from unexplained to noise.
func (r *Result) applyNoise() {
	for _, n := range r.Noise {
		if !n.Noise {
			continue
		}
		for i := range r.Classes {
			if c := &r.Classes[i]; c.Class == n.Class {
				c.Noise, c.Unexplained = c.Unexplained, 0
				r.Deliveries.Noise += c.Noise
				r.Deliveries.Unexplained -= c.Noise
			}
		}
		for i := range r.Groups {
			if g := &r.Groups[i]; g.Class == n.Class && g.Status == StatusUnexplained {
				g.Status = StatusNoise
			}
		}
	}
	slices.SortStableFunc(r.Groups, func(a, b Group) int { return gravity(&a) - gravity(&b) })
}

// bound is the rate of unexplained differences with its 95 % upper bound: 3/n for none; else the Poisson bound, near
// enough k + 2 sqrt(k) + 3.
func bound(c Counters, goal int64) Bound {
	n, k := c.Compared(), c.Unexplained
	b := Bound{RatePPB: ppb(k, n), GoalPPB: goal, UpperPPB: 1_000_000_000}
	if n > 0 {
		b.UpperPPB = min(1_000_000_000, ppb(k+2*root(k)+3, n))
	}
	return b
}

// root is the square root, rounded up.
func root(k int64) int64 {
	r := int64(0)
	for r*r < k {
		r = max(r+1, (r+k/max(r, 1))/2)
		if r*r >= k {
			for r > 0 && (r-1)*(r-1) >= k {
				r--
			}
			break
		}
	}
	return r
}

// ---- verdict

// judging gathers the gates of a verdict.
type judging struct {
	e *Engine
	r *Result
	v Verdict
}

func (j *judging) gate(name string, held bool, bit int, text string) {
	reason := Reason{Gate: name, Held: held, Text: text}
	if !held {
		reason.Bit = bit
		j.v.Exit |= bit
	}
	j.v.Reasons = append(j.v.Reasons, reason)
}

func (j *judging) need(format string, args ...any) {
	j.v.Needed = append(j.v.Needed, fmt.Sprintf(format, args...))
}

func (e *Engine) verdict(r *Result) Verdict {
	j := judging{e: e, r: r, v: Verdict{Reasons: []Reason{}, Needed: []string{}}}
	j.differences()
	j.enough()
	j.coverage()
	j.trust()
	j.latency()
	slices.SortStableFunc(j.v.Reasons, func(a, b Reason) int { return boolCompare(a.Held, b.Held) })
	accepted := slices.ContainsFunc(r.Groups, func(g Group) bool { return g.Status == StatusAccepted })
	switch exit := j.v.Exit; {
	case exit&(ExitUnexplained|ExitLatency|ExitCapacity|ExitSafety) != 0:
		j.v.Word = NoGo
	case exit != 0:
		j.v.Word = Inconclusive
	case accepted:
		j.v.Word = GoWithDebt
	default:
		j.v.Word = Go
	}
	if j.untrusted() {
		j.v.Word = Inconclusive
	}
	return j.v
}

// untrusted reports whether the comparer itself failed.
func (j *judging) untrusted() bool {
	t := j.r.SelfTest
	return t.Run && t.SensitivityPPB < 1_000_000_000 || !j.r.Coverage.Balanced
}

func (j *judging) count(classes ...Class) (n int64) {
	for _, c := range j.r.Classes {
		if slices.Contains(classes, c.Class) {
			n += c.Unexplained
		}
	}
	return n
}

// bodies counts messages that were lost or altered.
func (j *judging) bodies() (n int64) {
	for _, g := range j.r.Groups {
		if g.Status == StatusUnexplained && isMessage(g.Command) && slices.Contains([]Class{ClassMissing, ClassChanged, ClassLoss, ClassLate}, g.Class) {
			n += g.Count + g.FollowUps
		}
	}
	return n
}

func (j *judging) differences() {
	leaks, order, bodies := j.count(ClassLeak), j.count(ClassIntra, ClassCausal), j.bodies()
	j.gate("leak", leaks == 0, ExitUnexplained, fmt.Sprintf("%d deliveries to somebody who must not see them (0 are allowed)", leaks))
	j.gate("bodies", bodies == 0, ExitUnexplained, fmt.Sprintf("%d deliveries of messages lost, late or altered (0 are allowed)", bodies))
	j.gate("order", order == 0, ExitUnexplained, fmt.Sprintf("%d in an order that no IRC network shows (0 are allowed)", order))
	b, d := j.r.Bound, j.r.Deliveries
	over := d.Unexplained > 0 && b.UpperPPB > b.GoalPPB
	j.gate("unexplained", !over, ExitUnexplained, fmt.Sprintf("%d of %d deliveries differ unexplained; at 95 %% confidence at most %s per delivery, of %s allowed",
		d.Unexplained, d.Compared(), rate(b.UpperPPB), rate(b.GoalPPB)))
	j.gate("state", j.r.State.Unexplained == 0, ExitUnexplained, fmt.Sprintf("%d of %d things differ where states were compared", j.r.State.Unexplained, j.r.State.Compared()))
}

// rate writes parts per thousand millions as a number.
func rate(ppb int64) string {
	s := fmt.Sprintf("%d.%09d", ppb/1_000_000_000, ppb%1_000_000_000)
	for len(s) > 3 && s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	return s
}

// enough asks whether there was enough to see.
func (j *judging) enough() {
	n, goal := j.r.Deliveries.Compared(), j.e.opt.Gates.UpperPPB
	need := int64(0)
	if goal > 0 {
		need = (3_000_000_000 + goal - 1) / goal
	}
	j.gate("deliveries", n >= need, ExitIncomplete, fmt.Sprintf("%d deliveries compared; the bound needs %d without a difference", n, need))
	if n < need {
		j.need("%d more deliveries%s", need-n, j.atThisRate(need-n, n))
	}
	run, soak := j.r.Run.Compared, j.e.opt.Gates.Soak
	j.gate("soak", run >= soak, ExitIncomplete, fmt.Sprintf("compared for %s of %s", run.Round(time.Second), soak))
	if run < soak {
		j.need("%s more of soak time", (soak - run).Round(time.Minute))
	}
}

// atThisRate says how long so many more take.
func (j *judging) atThisRate(more, seen int64) string {
	if seen == 0 || j.r.Run.Compared <= 0 {
		return ""
	}
	perSecond := seen / max(1, int64(j.r.Run.Compared/time.Second))
	if perSecond == 0 {
		return ""
	}
	return fmt.Sprintf(": about %s at this rate", (time.Duration(more/perSecond) * time.Second).Round(time.Second))
}

func (j *judging) coverage() {
	c, g := j.r.Coverage, j.e.opt.Gates
	j.gate("coverage", c.PPB >= g.CoveragePPB, ExitIncomplete, fmt.Sprintf("%d of %d eligible events compared", c.Compared, c.Eligible))
	rare := 0
	for i, cmd := range c.Commands {
		if i < g.Commands && cmd.Events < g.CommandSeen && cmd.Events > 0 {
			rare++
			j.need("%d more of %s", g.CommandSeen-cmd.Events, cmd.Command)
		}
	}
	j.gate("commands", rare == 0, ExitIncomplete, fmt.Sprintf("%d of the most frequent commands were seen fewer than %d times", rare, g.CommandSeen))
	j.gate("balance", c.Balanced, ExitInternal, "the rows of the coverage table add up to the lines seen")
	overflow := int64(0)
	for _, n := range j.r.Overflow { // order does not matter: it is a sum
		overflow += n
	}
	j.gate("bounds", overflow == 0, ExitIncomplete, fmt.Sprintf("%d things did not fit the bounds of the comparison", overflow))
}

func (j *judging) trust() {
	t := j.r.SelfTest
	j.gate("self-test", t.Run && t.SensitivityPPB == 1_000_000_000, ExitIncomplete, t.Text)
	if !t.Run {
		j.need("enough output for the self-test")
	}
	m := j.r.Model
	if m.Checked > 0 {
		j.gate("model", m.RatePPB <= 100_000, ExitIncomplete, fmt.Sprintf("the model disagrees with the probes on the live network in %d of %d (at most 1 in 10,000)", m.Errors, m.Checked))
	}
}

func (j *judging) latency() {
	l, g := j.r.Latency, j.e.opt.Gates
	d, what := l.Difference, "later than on the live network"
	if d.Count == 0 {
		d, what = l.Shadow, "behind the link's line (there was no probe)"
	}
	ok := d.P99 <= g.P99 && d.P999 <= g.P999
	j.gate("latency", ok, ExitLatency, fmt.Sprintf("p99 %s, p99.9 %s %s; allowed %s and %s; 95 %% interval of the p99 %s to %s", d.P99.Round(time.Microsecond), d.P999.Round(time.Microsecond), what,
		g.P99, g.P999, l.DifferenceLow.Round(time.Microsecond), l.DifferenceHigh.Round(time.Microsecond)))
}
