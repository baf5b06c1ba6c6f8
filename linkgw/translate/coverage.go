package translate

import (
	"errors"
	"fmt"

	"robustirc/core/irc"
)

// Reason is why an event was not translated.
type Reason string

// The reasons.
const (
	NoEquivalent Reason = "no-equivalent"
	NotVisible   Reason = "not-visible-in-mode"
	Privacy      Reason = "privacy"
	Services     Reason = "services"
	ParseError   Reason = "parse-error"
	QueueDrop    Reason = "queue-drop"
	Gap          Reason = "gap"
	OutOfScope   Reason = "out-of-scope"
	// Void is an event that the linked network's own rules make nothing of, or that was so already.
	Void Reason = "void"
)

// Reasons are all of them, in the order of reports.
var Reasons = []Reason{NoEquivalent, NotVisible, Privacy, Services, ParseError, QueueDrop, Gap, OutOfScope, Void}

// Row is the coverage of one command of the linked network.
type Row struct {
	Command string `json:"command"`
	Seen    int64  `json:"seen"`
	// Translated were done as users' commands, EffectOnly as effects (or were so already after an import).
	Translated int64            `json:"translated"`
	EffectOnly int64            `json:"effect_only"`
	Skipped    map[Reason]int64 `json:"skipped,omitempty"`
}

// skipped is the sum of what was skipped.
func (r *Row) skipped() (n int64) {
	for _, reason := range Reasons {
		n += r.Skipped[reason]
	}
	return n
}

// weight orders reasons: of several, the one that says most is an event's.
func (r Reason) weight() int {
	switch r {
	case "":
		return 3
	case OutOfScope:
		return 1
	case Void:
		return 0
	}
	return 2
}

// Coverage says what became of every event, by command, sorted.
type Coverage struct {
	Mode   CaptureMode `json:"mode"`
	Events int64       `json:"events"`
	Rows   []Row       `json:"rows"`
	// Unmapped counts changes of channel modes that have no equivalent, by letter.
	Unmapped map[string]int64 `json:"unmapped_modes,omitempty"`
}

// ErrCoverage is returned when the outcomes do not add up to the events: a mistake of this package.
var ErrCoverage = errors.New("translate: internal error: the outcomes of events do not add up to the events")

// Check reports whether every event has exactly one outcome.
func (c *Coverage) Check() error {
	total := int64(0)
	for i := range c.Rows {
		r := &c.Rows[i]
		total += r.Seen
		if sum := r.Translated + r.EffectOnly + r.skipped(); sum != r.Seen {
			return fmt.Errorf("%w: %s was seen %d times and has %d outcomes", ErrCoverage, r.Command, r.Seen, sum)
		}
	}
	if total != c.Events {
		return fmt.Errorf("%w: %d events came in, the commands' sum is %d", ErrCoverage, c.Events, total)
	}
	return nil
}

// Eligible returns how many events were translated, and of how many that could mean anything to the new network: without
// those out of its scope or void.
func (c *Coverage) Eligible() (done, all int64) {
	for i := range c.Rows {
		r := &c.Rows[i]
		done += r.Translated + r.EffectOnly
		all += r.Seen - r.Skipped[OutOfScope] - r.Skipped[Void]
	}
	return done, all
}

// statements say in words what a capture mode never sees.
var statements = map[CaptureMode]string{
	StrictReadonly: "Not covered at all: private messages between users of the old network; text of channels, on TS6.",
	Broadcast:      "Not covered at all: private messages between users of the old network.",
	Observer:       "Not covered at all: private messages between users of the old network; text of channels that the observer is not on.",
}

// Statement says in words what is not covered at all.
func (c *Coverage) Statement() string { return statements[c.Mode] }

// maxCommands bounds the rows; commands beyond it are counted together under otherCommands.
const (
	maxCommands   = 512
	maxCommandLen = 32
	otherCommands = "(others)"
)

// coverage counts.
type coverage struct {
	events int64
	rows   map[string]*Row
}

func newCoverage() coverage { return coverage{rows: map[string]*Row{}} }

func (c *coverage) row(command string) *Row {
	if r := c.rows[command]; r != nil {
		return r
	}
	command = string(appendWord(nil, irc.Truncate(command, maxCommandLen)))
	if r := c.rows[command]; r != nil {
		return r
	}
	if len(c.rows) >= maxCommands {
		if command = otherCommands; c.rows[command] != nil {
			return c.rows[command]
		}
	}
	r := &Row{Command: command, Skipped: map[Reason]int64{}}
	c.rows[command] = r
	return r
}

func (c *coverage) seen(command string) {
	c.events++
	c.row(command).Seen++
}

// file counts an event's outcome: by what came of it, or why nothing did.
func (c *coverage) file(command string, ops []Op, why Reason) {
	r := c.row(command)
	effects := len(ops) > 0 || why == ""
	for i := range ops {
		if ops[i].Kind == Command {
			r.Translated++
			return
		}
	}
	if effects {
		r.EffectOnly++
		return
	}
	r.Skipped[why]++
}

// Skip counts an event that never came this far: a line that could not be read, or that was dropped.
func (t *Translator) Skip(command string, why Reason) {
	t.coverage.seen(command)
	t.coverage.row(command).Skipped[why]++
}

// Coverage returns a copy of the counts.
func (t *Translator) Coverage() Coverage {
	c := Coverage{Mode: t.cfg.Mode, Events: t.coverage.events, Unmapped: map[string]int64{}}
	for _, command := range sortedKeys(t.coverage.rows) {
		r := *t.coverage.rows[command]
		r.Skipped = map[Reason]int64{}
		for _, why := range Reasons {
			if n := t.coverage.rows[command].Skipped[why]; n > 0 {
				r.Skipped[why] = n
			}
		}
		c.Rows = append(c.Rows, r)
	}
	for _, letter := range sortedKeys(t.unmapped) {
		c.Unmapped[letter] = t.unmapped[letter]
	}
	return c
}
