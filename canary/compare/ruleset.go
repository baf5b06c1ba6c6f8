package compare

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// DefaultRules is the set that is shipped: N-1 to N-15 of the canary's requirements.
func DefaultRules() []Rule {
	outside := []string{"WALLOPS", "AWAY", "ACCOUNT", "CHGHOST", "SETNAME", "TAGMSG", "KNOCK", "SERVER-NOTICE", "ANSWER"}
	rules := []Rule{
		{ID: "N-1", Kind: KindTime, Field: "time", Seconds: 2, Reason: "both sides stamp times with clocks and steps of their own"},
		{ID: "N-2", Kind: KindBijection, Field: "host", Reason: "the new network shows hosts in a form of its own; one to one, because bans depend on it"},
		{ID: "N-3", Kind: KindOneName, Field: "source", Reason: "many servers become one"},
		{ID: "N-3b", Kind: KindSource, Field: "source", Commands: []string{"TOPIC", "MODE", "KICK", "INVITE"}, Reason: "what a server did is shown as done by whom it names, or by the network"},
		{ID: "N-4", Kind: KindBijection, Field: "msgid", Reason: "ids of messages, batches and labels are opaque"},
		{ID: "N-5", Kind: KindBijection, Field: "nick", Reason: "a nick that is taken or reserved there is another one, wherever it is mentioned"},
		{ID: "N-6", Kind: KindFold, Field: "name", Reason: "names are compared in the live network's case mapping"},
		{ID: "N-7", Kind: KindText, Field: "answer", Reason: "the wording of numerics differs; the numeric and its parameters must not"},
		{ID: "N-7b", Kind: KindText, Field: "quit", Commands: []string{"QUIT"}, Reason: "how a kill or a split is worded in the QUIT that others see"},
		{ID: "N-7c", Kind: KindText, Field: "default", Commands: []string{"KICK", "PART", "QUIT"}, Reason: "the text that stands for none"},
		{ID: "N-8", Kind: KindOrder, Field: "list", Reason: "lists are sets, however they are cut into lines"},
		{ID: "N-9", Kind: KindExpand, Field: "modes", Commands: []string{"MODE"}, Reason: "mode changes are compared one by one"},
		{ID: "N-9b", Kind: KindOwnAnswer, Commands: []string{"MODE", "TOPIC", "353"}, Reason: "who founds a channel is shown how it is made, also where the live one was kept by an observer or services"},
		{ID: "N-10", Kind: KindBurst, Commands: []string{"MODE", "TOPIC", "JOIN"}, Reason: "what servers tell when they link, statuses that come with a join, and a topic that is set again as it is"},
		{ID: "N-11", Kind: KindOutside, Commands: outside, Reason: "local colour, and what only clients with a capability see"},
		{ID: "N-13", Kind: KindLength, Field: "text", Reason: "a line is cut where its prefix lets it end; what stands before is the same"},
		{ID: "N-14", Kind: KindThrottle, Classes: []Class{ClassLate}, Reason: "a throttle delays; what it drops is a difference"},
		{ID: "N-15", Kind: KindOutside, Commands: []string{"SERVICES"}, Reason: "what is said to services is mirrored as its effect"},
		{ID: "N-16", Kind: KindPrivate, Commands: []string{"JOIN", "PART", "MODE", "TOPIC"}, Reason: "a channel that becomes secret or private is taken out of the new network, and back in when it no longer is"},
		{ID: "N-17", Kind: KindInvited, Commands: []string{"JOIN"}, Reason: "there an invitation replaces an account and passes the throttle, here it does not; see docs/modes.md"},
		{ID: "C-31", Kind: KindModes, Commands: []string{"MODE"}, Reason: "the new network has no such mode; see what users lose"},
	}
	for i := range rules {
		rules[i].Owner, rules[i].Shipped = "robustirc", true
	}
	return rules
}

// parseDay reads YYYY-MM-DD; "" is the zero time.
func parseDay(day string) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return t, fmt.Errorf("%q is no date as YYYY-MM-DD", day)
	}
	return t, nil
}

// ruleBook holds the rules with their counts.
type ruleBook struct {
	rules   []Rule
	hits    []int64
	expired []bool
}

// newRuleBook validates rules. today is when the run is judged; zero expires nothing.
func newRuleBook(rules []Rule, today time.Time) (ruleBook, error) {
	b := ruleBook{rules: slices.Clone(rules), hits: make([]int64, len(rules)), expired: make([]bool, len(rules))}
	ids := map[string]bool{}
	var errs []error
	for i := range b.rules {
		r := &b.rules[i]
		if err := r.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		if ids[r.ID] {
			errs = append(errs, fmt.Errorf("rule %s: there are two of this id", r.ID))
		}
		ids[r.ID] = true
		until, _ := parseDay(r.Until)
		b.expired[i] = r.Until != "" && !today.IsZero() && !today.Before(until.AddDate(0, 0, 1))
	}
	return b, errors.Join(errs...)
}

// find returns the index of the first rule in force of a kind that covers a field, command and class; -1 is none.
func (b *ruleBook) find(kind RuleKind, field, command string, class Class) int {
	for i := range b.rules {
		r := &b.rules[i]
		if r.Kind != kind || b.expired[i] || field != "" && r.Field != "" && r.Field != field ||
			len(r.Commands) > 0 && !slices.Contains(r.Commands, command) ||
			class != "" && len(r.Classes) > 0 && !slices.Contains(r.Classes, class) {
			continue
		}
		return i
	}
	return -1
}

// has reports whether such a rule is in force, and counts a hit of it.
func (b *ruleBook) hit(kind RuleKind, field, command string, class Class) bool {
	i := b.find(kind, field, command, class)
	if i >= 0 {
		b.hits[i]++
	}
	return i >= 0
}

// accepting returns the rule that accepts a group, or nil.
func (b *ruleBook) accepting(group string) *Rule {
	for i := range b.rules {
		if r := &b.rules[i]; r.Kind == KindAccept && r.Group == group && !b.expired[i] {
			return r
		}
	}
	return nil
}
