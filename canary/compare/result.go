package compare

import "time"

// SchemaVersion is the version of Result's JSON. It grows when a field changes its meaning or goes away.
const SchemaVersion = 1

// Result is everything a report shows. It is plain data; equal records, options and rules give equal bytes of JSON.
type Result struct {
	Schema     int              `json:"schema_version"`
	Run        Run              `json:"run"`
	Verdict    Verdict          `json:"verdict"`
	Deliveries Counters         `json:"deliveries"`
	State      Counters         `json:"state"`
	Bound      Bound            `json:"bound"`
	Classes    []ClassCount     `json:"classes"`
	Groups     []Group          `json:"groups"` // roots before consequences, then by count
	Rules      []RuleUse        `json:"rules"`
	Noise      []NoiseTest      `json:"noise"`
	Coverage   Coverage         `json:"coverage"`
	Latency    Latency          `json:"latency"`
	SelfTest   SelfTest         `json:"self_test"`
	Probes     []ProbeResult    `json:"probes"`
	Model      ModelCheck       `json:"model"`
	Gaps       []GapSpan        `json:"gaps"`
	Losses     []Loss           `json:"losses"` // what users lose and gain, by impact
	Rates      []RateBucket     `json:"rates"`
	Users      []Place          `json:"worst_users"`
	Channels   []Place          `json:"worst_channels"`
	Overflow   map[string]int64 `json:"overflow,omitempty"` // what did not fit a bound of Options, by bound
	Errors     map[string]int64 `json:"errors,omitempty"`   // records that made no sense, by reason
}

// Run is which run was compared. Durations are nanoseconds of the run's monotonic clock.
type Run struct {
	ID       string        `json:"id"`
	Version  string        `json:"version"`
	Started  time.Time     `json:"started"`
	Protocol string        `json:"protocol"`
	Dialect  string        `json:"dialect"`
	Network  string        `json:"network"`
	Peer     string        `json:"peer"`
	Mode     string        `json:"mode"` // how much of the existing network could be seen
	Style    string        `json:"style"`
	Redacted bool          `json:"redacted"`
	Notes    []string      `json:"notes,omitempty"`
	Duration time.Duration `json:"duration_ns"`
	Compared time.Duration `json:"compared_ns"` // of it, linked and without gap
	Records  uint64        `json:"records"`
	Users    int           `json:"users"`    // on the live side now
	Channels int           `json:"channels"` // on the live side now
	Links    int           `json:"links"`    // how often the link came up
	Window   time.Duration `json:"window_ns"`
}

// Word is a verdict.
type Word string

// The verdicts.
const (
	Go           Word = "GO"
	GoWithDebt   Word = "GO-WITH-DEBT" // only accepted differences are left
	NoGo         Word = "NO-GO"
	Inconclusive Word = "INCONCLUSIVE" // not enough was seen, or the comparer cannot be trusted
)

// The bits of Verdict.Exit, which is the exit code of the tools (pt-upgrade's style).
const (
	ExitInternal    = 1
	ExitUsage       = 2
	ExitUnexplained = 4
	ExitIncomplete  = 8 // time, coverage, gap, self-test
	ExitLatency     = 16
	ExitCapacity    = 32
	ExitSafety      = 64 // something was about to be sent to the live network that must not be
)

// Verdict is the answer with its reasons.
type Verdict struct {
	Word    Word     `json:"word"`
	Exit    int      `json:"exit"`
	Reasons []Reason `json:"reasons"` // the gravest first; of a GO, what was held
	Needed  []string `json:"needed"`  // what has to be seen yet for a GO, in words
}

// Reason is one gate of the verdict.
type Reason struct {
	Gate string `json:"gate"`
	Held bool   `json:"held"`
	Bit  int    `json:"bit,omitempty"` // of Exit, when it is not held
	Text string `json:"text"`
}

// Counters never merge: each thing that was compared is in exactly one.
type Counters struct {
	Match       int64 `json:"match"`
	Ignored     int64 `json:"ignored"` // by a rule
	Noise       int64 `json:"noise"`   // as large between two live servers (A/A)
	Unexplained int64 `json:"unexplained"`
	Events      int64 `json:"events"` // observations that the above are deliveries of
}

// Compared is the sum of the four.
func (c Counters) Compared() int64 { return c.Match + c.Ignored + c.Noise + c.Unexplained }

// Bound is the rate of unexplained differences per delivery with its one-sided 95 % upper bound: 3/n where there are none.
type Bound struct {
	RatePPB  int64 `json:"rate_ppb"`
	UpperPPB int64 `json:"upper_ppb"`
	GoalPPB  int64 `json:"goal_ppb"`
}

// Class is a kind of difference.
type Class string

// The classes.
const (
	ClassMissing    Class = "missing"          // the new network did not show it at all
	ClassExtra      Class = "extra"            // it showed what did not happen
	ClassDuplicate  Class = "duplicate"        // it showed it twice
	ClassChanged    Class = "changed"          // with another text
	ClassSource     Class = "wrong-source"     // as somebody else's
	ClassTarget     Class = "wrong-target"     // in another place
	ClassHost       Class = "host"             // a user's host is not stable, or two users share one that did not
	ClassLoss       Class = "loss"             // not to everybody who saw it on the live side
	ClassLeak       Class = "leak"             // to somebody who must not see it
	ClassLate       Class = "late"             // after the window had passed
	ClassIntra      Class = "order.intra"      // two of one source to one target are swapped
	ClassCausal     Class = "order.causal"     // it was shown before what it depends on
	ClassConcurrent Class = "order.concurrent" // two of independent sources are swapped
	ClassNumeric    Class = "numeric"          // an answer is missing, or says something else
	ClassRefused    Class = "refused"          // the new network's rules refused what the live network allowed
	ClassRepaired   Class = "repaired"         // refused, and made so by an effect
	ClassState      Class = "state"            // at a checkpoint, states differ
)

// ClassCount is how often a class was found, before rules and noise.
type ClassCount struct {
	Class       Class `json:"class"`
	Count       int64 `json:"count"` // deliveries
	Ignored     int64 `json:"ignored"`
	Noise       int64 `json:"noise"`
	Unexplained int64 `json:"unexplained"`
}

// Status is what became of a group.
type Status string

// The statuses of groups.
const (
	StatusUnexplained Status = "unexplained"
	StatusNoise       Status = "noise"
	StatusAccepted    Status = "accepted" // a debt: by a rule that was written for this group
)

// Group is all differences with one fingerprint.
type Group struct {
	ID          string    `json:"id"` // of the fingerprint: the same in every run
	Status      Status    `json:"status"`
	Rule        string    `json:"rule,omitempty"` // that accepted it
	Class       Class     `json:"class"`
	Command     string    `json:"command"`         // or numeric
	Field       string    `json:"field,omitempty"` // text, source, target, recipients, status, …
	Shape       string    `json:"shape"`           // abstracted: "MODE #chan +b MASK"
	Cause       string    `json:"cause,omitempty"` // the first thing that went apart, when it is known
	Title       string    `json:"title"`           // in words
	Count       int64     `json:"count"`           // deliveries
	Events      int64     `json:"events"`
	Users       int       `json:"users"`    // distinct, up to a bound
	Channels    int       `json:"channels"` // distinct, up to a bound
	First       Moment    `json:"first"`
	Last        Moment    `json:"last"`
	Follows     string    `json:"follows,omitempty"` // the id of its root group
	FollowUps   int64     `json:"follow_ups"`        // deliveries that differ as a consequence
	Examples    []Example `json:"examples"`
	AcceptRule  string    `json:"accept_rule"`  // TOML that would accept it, without reason and date
	Consequence []Tally   `json:"consequences"` // what followed, by class and command
}

// Tally is a count with its name.
type Tally struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Moment is where in the run something was: a record's number and its time since the run began.
type Moment struct {
	Seq uint64        `json:"seq"`
	At  time.Duration `json:"at_ns"`
}

// Example is one difference with what happened around it on both sides.
type Example struct {
	At      Moment   `json:"at"`
	Users   []string `json:"users"` // whom it is about or who saw it differently, by nick; up to 10
	Channel string   `json:"channel,omitempty"`
	Live    []Line   `json:"live"`
	Shadow  []Line   `json:"shadow"`
	Note    string   `json:"note,omitempty"`
}

// Mark is what a line of an example is.
type Mark string

// The marks.
const (
	MarkContext Mark = " "
	MarkMissing Mark = "-"
	MarkExtra   Mark = "+"
	MarkChanged Mark = "~"
)

// Line is a line of one side.
type Line struct {
	Moment
	Mark Mark     `json:"mark"`
	Text string   `json:"text"`
	To   []string `json:"to,omitempty"` // nicks, up to 10
	More int      `json:"more,omitempty"`
}

// RuleUse is one normalisation rule and how much it explained.
type RuleUse struct {
	Rule
	Hits     int64 `json:"hits"`
	SharePPB int64 `json:"share_ppb"` // of all that was compared of the rule's commands
	Wide     bool  `json:"wide"`      // more than a fifth
	Unused   bool  `json:"unused"`
	Expired  bool  `json:"expired"` // it was not applied
}

// NoiseTest is whether a class is as frequent between two live servers (C-14).
type NoiseTest struct {
	Class       Class `json:"class"`
	Shadow      int64 `json:"shadow"` // differences
	ShadowOf    int64 `json:"shadow_of"`
	AA          int64 `json:"aa"`
	AAOf        int64 `json:"aa_of"`
	ShadowPPB   int64 `json:"shadow_ppb"`
	AAPPB       int64 `json:"aa_ppb"`
	Significant bool  `json:"significant"` // one-sided two-proportion test, alpha 0.01
	Relative    bool  `json:"relative"`    // more than 20 % over the A/A rate
	Absolute    bool  `json:"absolute"`    // more than 0.03 % over it
	Noise       bool  `json:"noise"`       // the class is taken for noise
}

// Coverage is what was seen and what became of it (C-33). The sum of the rows is Events.
type Coverage struct {
	Events     int64         `json:"events"` // lines of the live network
	Rows       []CoverageRow `json:"rows"`
	Reasons    []Tally       `json:"reasons"`      // of what was skipped
	Eligible   int64         `json:"eligible"`     // what could be compared
	Compared   int64         `json:"compared"`     // what was
	PPB        int64         `json:"coverage_ppb"` // compared of eligible
	Commands   []CommandSeen `json:"commands"`     // the most frequent commands that users see
	NotCovered []string      `json:"not_covered"`  // in words
	Balanced   bool          `json:"balanced"`     // the rows add up; if not it is an internal error
}

// CoverageRow is one command of the link.
type CoverageRow struct {
	Command    string `json:"command"`
	Seen       int64  `json:"seen"`
	Translated int64  `json:"translated"`  // compared as users see it
	EffectOnly int64  `json:"effect_only"` // followed in state only
	Skipped    int64  `json:"skipped"`
}

// CommandSeen is one command that users see, and how much of it was compared.
type CommandSeen struct {
	Command    string   `json:"command"`
	Events     int64    `json:"events"`
	Deliveries int64    `json:"deliveries"`
	Counters   Counters `json:"counters"`
}

// Latency is how long lines took on their way (C-22). Both ends of a lag are stamped by one clock.
type Latency struct {
	// Shadow is from a live line's arrival to that of what the new network shows of it.
	Shadow Distribution `json:"shadow"`
	// Gateway is from a live line's arrival to its operation's, which the gateway itself needs.
	Gateway Distribution `json:"gateway"`
	// Commit is from an operation to the new network's acknowledgement.
	Commit Distribution `json:"commit"`
	// Difference is of the probes: how much later one line came to the probe on the new network than to the live one.
	Difference Distribution `json:"difference"`
	// DifferenceLow and DifferenceHigh are the 95 % confidence interval of the p99 of what the gate is about: Difference
	// where there are probes, else Shadow; by bootstrap.
	DifferenceLow  time.Duration  `json:"difference_low_ns"`
	DifferenceHigh time.Duration  `json:"difference_high_ns"`
	ByCommand      []Distribution `json:"by_command"`
	ByFanout       []Distribution `json:"by_fanout"`
	OverTime       []LagBucket    `json:"over_time"`
}

// Distribution is a histogram's summary. Quantiles are within 1 %.
type Distribution struct {
	Name    string        `json:"name"`
	Count   int64         `json:"count"`
	P50     time.Duration `json:"p50_ns"`
	P90     time.Duration `json:"p90_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p99_9_ns"`
	Max     time.Duration `json:"max_ns"`
	Buckets []Bucket      `json:"buckets,omitempty"` // cumulative: a CDF to draw
}

// Bucket is how many are at most Up.
type Bucket struct {
	Up    time.Duration `json:"up_ns"`
	Count int64         `json:"count"`
}

// LagBucket is the shadow's lag in one stretch of the run.
type LagBucket struct {
	At  time.Duration `json:"at_ns"`
	N   int64         `json:"n"`
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// SelfTest is whether planted faults were found in a copy of the shadow stream (C-10).
type SelfTest struct {
	Run            bool        `json:"run"`
	Outputs        int         `json:"outputs"` // of the sample
	Faults         []FaultTest `json:"faults"`
	SensitivityPPB int64       `json:"sensitivity_ppb"`
	Text           string      `json:"text"`
}

// FaultTest is one kind of fault.
type FaultTest struct {
	Fault   string `json:"fault"`
	Planted int    `json:"planted"`
	Found   int    `json:"found"`
	Missed  string `json:"missed,omitempty"` // where the first one was that was not found
}

// ProbeResult is one probe client.
type ProbeResult struct {
	Name  string `json:"name"`
	Side  string `json:"side"` // "live" or "new"
	Nick  string `json:"nick"`
	Lines int64  `json:"lines"`
}

// ModelCheck is how the model agrees with what probes on the live network really saw (C-3).
type ModelCheck struct {
	Checked int64 `json:"checked"`
	Errors  int64 `json:"errors"`
	RatePPB int64 `json:"rate_ppb"`
}

// GapSpan is a stretch of the run that is not compared.
type GapSpan struct {
	From   time.Duration `json:"from_ns"`
	To     time.Duration `json:"to_ns"`
	Reason string        `json:"reason"`
	Lines  uint64        `json:"lines"`
}

// Loss is something that users have on one side only.
type Loss struct {
	What   string `json:"what"` // "channel mode +f", "capability chghost", "numeric 330"
	Gained bool   `json:"gained"`
	Count  int64  `json:"count"` // how often it was seen
}

// RateBucket is one stretch of the run, for a chart of differences over time.
type RateBucket struct {
	At       time.Duration `json:"at_ns"`
	Width    time.Duration `json:"width_ns"`
	Live     int64         `json:"live_lines"`
	Counters Counters      `json:"counters"`
}

// Place is a user or channel with its differences.
type Place struct {
	Name        string `json:"name"`
	Unexplained int64  `json:"unexplained"`
	Ignored     int64  `json:"ignored"`
}
