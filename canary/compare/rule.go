package compare

import (
	"errors"
	"fmt"
	"slices"
)

// Rule is one expected difference: named, scoped, owned and limited in time. A rule never reaches a message's text or
// who sees something; Validate refuses it.
type Rule struct {
	ID     string `json:"id" toml:"id"`
	Reason string `json:"reason" toml:"reason"`
	Owner  string `json:"owner" toml:"owner"`
	Until  string `json:"until,omitempty" toml:"until"` // the last day it holds, YYYY-MM-DD; "" is for ever (shipped rules only)
	// Kind is what is done; see the kinds.
	Kind RuleKind `json:"kind" toml:"kind"`
	// Commands and Classes are the scope; none is all.
	Commands []string `json:"commands,omitempty" toml:"commands"`
	Classes  []Class  `json:"classes,omitempty" toml:"classes"`
	// Field is the part of an observation it is about: "text", "source", "status", "time", "host", "nick", …
	Field string `json:"field,omitempty" toml:"field"`
	// Letters are the modes it is about, of KindModes.
	Letters string `json:"letters,omitempty" toml:"letters"`
	// Seconds is the tolerance of KindTime.
	Seconds int64 `json:"seconds,omitempty" toml:"seconds"`
	// Group is the fingerprint that an accepted difference has, of KindAccept.
	Group string `json:"group,omitempty" toml:"group"`
	// Shipped says that the rule comes with the program: it needs no date.
	Shipped bool `json:"shipped,omitempty" toml:"-"`
}

// RuleKind is how a rule works.
type RuleKind string

// The kinds of rules.
const (
	KindTime      RuleKind = "time"       // times that differ by at most Seconds are equal
	KindBijection RuleKind = "bijection"  // a name is another one there, always the same, and no two share one
	KindOneName   RuleKind = "one-name"   // every server is the one server
	KindFold      RuleKind = "fold"       // names that differ in case only are equal
	KindText      RuleKind = "text"       // the free text of Field differs in wording; never of a message
	KindOrder     RuleKind = "order"      // lists are sets; how they are cut into lines does not matter
	KindExpand    RuleKind = "expand"     // mode changes are compared one by one
	KindBurst     RuleKind = "burst"      // what servers tell when they link is not shown as single events
	KindOutside   RuleKind = "outside"    // out of scope: counted, not compared
	KindModes     RuleKind = "modes"      // modes that the new network does not have
	KindLength    RuleKind = "length"     // a text that is cut at another place
	KindThrottle  RuleKind = "throttle"   // a delay by a throttle
	KindAccept    RuleKind = "accept"     // a difference that was looked at and accepted: a debt
	KindSource    RuleKind = "source"     // what a server did is shown as done by another server or by whom it names
	KindOwnAnswer RuleKind = "own-answer" // what only the user itself sees of its own action
	KindPrivate   RuleKind = "private"    // channels that the gateway leaves out come and go
	KindInvited   RuleKind = "invited"    // who is invited may join there what the rules here refuse
)

var ruleKinds = []RuleKind{KindTime, KindBijection, KindOneName, KindFold, KindText, KindOrder, KindExpand, KindBurst,
	KindOutside, KindModes, KindLength, KindThrottle, KindAccept, KindSource, KindOwnAnswer, KindPrivate, KindInvited}

// Errors of a Rule.
var (
	// ErrRuleBody is returned for a rule that would hide another text of a message.
	ErrRuleBody = errors.New("a rule must not touch the text of a message")
	// ErrRuleRecipients is returned for a rule that would hide who sees something.
	ErrRuleRecipients = errors.New("a rule must not touch who sees something")
)

// recipientClasses and bodyClasses are what no rule may explain; an accepted group may, as a debt that stays visible,
// but a leak never.
var recipientClasses = []Class{ClassLeak, ClassLoss}

func isMessage(command string) bool {
	return command == "PRIVMSG" || command == "NOTICE" || command == "TAGMSG"
}

// Validate says what is wrong with a rule.
func (r *Rule) Validate() error {
	if r.ID == "" || r.Reason == "" || r.Owner == "" {
		return fmt.Errorf("rule %q: it needs an id, a reason and an owner", r.ID)
	}
	if !slices.Contains(ruleKinds, r.Kind) {
		return fmt.Errorf("rule %s: there is no kind %q", r.ID, r.Kind)
	}
	if r.Until == "" && !r.Shipped {
		return fmt.Errorf("rule %s: it needs a date in \"until\" (YYYY-MM-DD), on which somebody looks at it again", r.ID)
	}
	if _, err := parseDay(r.Until); err != nil {
		return fmt.Errorf("rule %s: %w", r.ID, err)
	}
	return r.validateReach()
}

// validateReach refuses rules that reach too far.
func (r *Rule) validateReach() error {
	switch {
	case r.Field == "recipients" || slices.ContainsFunc(r.Classes, func(c Class) bool { return slices.Contains(recipientClasses, c) }):
		return fmt.Errorf("rule %s: %w", r.ID, ErrRuleRecipients)
	case r.Field == "text" && r.Kind != KindLength && r.Kind != KindAccept && (len(r.Commands) == 0 || slices.ContainsFunc(r.Commands, isMessage)):
		return fmt.Errorf("rule %s: %w", r.ID, ErrRuleBody)
	case !r.Shipped && r.Kind != KindAccept && (slices.ContainsFunc(r.Commands, isMessage) || r.Kind == KindLength):
		return fmt.Errorf("rule %s: %w", r.ID, ErrRuleBody)
	case r.Kind == KindText && r.Field == "":
		return fmt.Errorf("rule %s: a rule about text names its field", r.ID)
	case r.Kind == KindAccept && r.Group == "":
		return fmt.Errorf("rule %s: an accepted difference names its group", r.ID)
	}
	return nil
}
