package translate

import "math/bits"

// Rule is one way in which the new network holds something otherwise than the linked one.
type Rule uint8

// The rules.
const (
	NoRule Rule = iota
	NickTooLong
	NickCharacters
	NickIsID
	NickCollides
	NickGiven
	ChannelTooLong
	ChannelCharacters
	ChannelCollides
	IdentMapped
	HostMapped
	TextCut
	ModeApproximate
	ModeNone
	PrivateAndSecret
	StatusNone
	KeyNone
	ParameterNone
	MaskApproximate
	MaskNone
	QuietAsBan
	ListFull
	UserModeNone
	OperNone
	AccountMapped
	LineCut
	UIDInvalid
	MassMessageNone
	StatusMessageNone
	BanNone
	numRules
)

// ruleInfo is the id and the description of each rule.
var ruleInfo = [numRules]struct{ id, description string }{
	NoRule:            {"", ""},
	NickTooLong:       {"nick_too_long", "a nick longer than NICKLEN is cut, and '|' and the user's id are appended"},
	NickCharacters:    {"nick_characters", "characters that the new network does not allow in a nick become '_', and '|' and the user's id are appended"},
	NickIsID:          {"nick_is_id", "a nick that begins with a digit (who lost a collision has its id for a nick) has '_' before it"},
	NickCollides:      {"nick_collides", "two nicks that are one in the new network's casemapping: the later has '|' and the user's id appended"},
	NickGiven:         {"nick_given", "the new network could not give the nick (reserved, or of a user of its own) and gave another"},
	ChannelTooLong:    {"channel_too_long", "a channel name longer than CHANNELLEN is cut, and '-' and eight digits of its hash are appended"},
	ChannelCharacters: {"channel_characters", "characters that the new network does not allow in a channel's name become '_', and '-' and eight digits of the name's hash are appended"},
	ChannelCollides:   {"channel_collides", "two channels that are one in the new network's casemapping: the later has '-' and eight digits of its name's hash appended"},
	IdentMapped:       {"ident_mapped", "a user name is cut at USERLEN, and what is not allowed in it becomes '_'"},
	HostMapped:        {"host_mapped", "a host is cut at HOSTLEN, and what is not allowed in it becomes '_'"},
	TextCut:           {"text_cut", "a topic, away text, real name or reason is cut at the new network's limit"},
	ModeApproximate:   {"mode_approximate", "a channel mode that is nearly the same here (see the mode table)"},
	ModeNone:          {"mode_none", "a channel mode that the new network does not have (see the mode table)"},
	PrivateAndSecret:  {"private_and_secret", "+p and +s together are +s, because the new network has either"},
	StatusNone:        {"status_none", "a status of members that the new network does not offer becomes the next that it does"},
	KeyNone:           {"key_none", "a channel key that the new network cannot have (longer than KEYLEN, or with a comma) is left out"},
	ParameterNone:     {"parameter_none", "a mode's parameter that is outside of what the new network allows: the mode is left out"},
	MaskApproximate:   {"mask_approximate", "a mask of a list of which the part that the new network does not know (forward, time) is left out"},
	MaskNone:          {"mask_none", "a mask of a list that the new network cannot have is left out"},
	QuietAsBan:        {"quiet_as_ban", "a quiet is the ban ~quiet:mask, which means the same"},
	ListFull:          {"list_full", "entries of a list beyond LISTENTRIES are left out, the newest first"},
	UserModeNone:      {"user_mode_none", "a user mode that the new network does not have"},
	OperNone:          {"oper_none", "an operator who is none on the new network, because the configuration names no class"},
	AccountMapped:     {"account_mapped", "what is not allowed in the name of an account becomes '_'"},
	LineCut:           {"line_cut", "a text that does not fit a line is cut"},
	UIDInvalid:        {"uid_invalid", "a user whose id is not 1 to 12 letters and digits is left out"},
	MassMessageNone:   {"mass_message_none", "a message to the users of some servers, or of some hosts, has no equivalent"},
	StatusMessageNone: {"status_message_none", "a message to members with a status that the new network does not offer has no equivalent"},
	BanNone:           {"ban_none", "a kind of network ban, or an extended mask, that the new network does not have"},
}

// String returns the rule's id.
func (r Rule) String() string { return ruleInfo[r].id }

// Description says what the rule does.
func (r Rule) Description() string { return ruleInfo[r].description }

// rules is a set of rules.
type rules uint64

func (r *rules) add(rule Rule) {
	if rule != NoRule {
		*r |= 1 << rule
	}
}

// first returns the rule with the lowest number, or NoRule.
func (r rules) first() Rule {
	if r == 0 {
		return NoRule
	}
	return Rule(bits.TrailingZeros64(uint64(r)))
}

// RuleCount is how often a rule has changed something that was sent.
type RuleCount struct {
	Rule        string `json:"rule"`
	Description string `json:"description"`
	Count       int64  `json:"count"`
}

// Rules returns the counts of all rules, in their order.
func (t *Translator) Rules() []RuleCount {
	list := make([]RuleCount, 0, numRules-1)
	for r := NoRule + 1; r < numRules; r++ {
		list = append(list, RuleCount{r.String(), r.Description(), t.ruleCounts[r]})
	}
	return list
}

// count counts the rules of a set.
func (t *Translator) count(set rules) {
	for ; set != 0; set &= set - 1 {
		t.ruleCounts[set.first()]++
	}
}
