package translate

import "strings"

// Quality is how well a mode of the linked network has an equivalent.
type Quality string

// The qualities.
const (
	Exact       Quality = "exact"
	Approximate Quality = "approx"
	None        Quality = "none"
)

// ModeRow is one mode of a dialect, and what it becomes.
type ModeRow struct {
	Letter  byte    `json:"letter"`
	To      byte    `json:"to,omitempty"` // 0 where there is no equivalent
	Quality Quality `json:"quality"`
	Note    string  `json:"note,omitempty"`
}

// channelModes are the modes of channels by dialect, without lists and statuses, whose letters are the same everywhere
// (masks.go). A letter that is not here has no equivalent.
var channelModes = map[string][]ModeRow{
	"solanum": {
		{'k', 'k', Exact, ""}, {'l', 'l', Exact, ""},
		{'f', 'f', Approximate, "the channel it names must be mirrored"},
		{'j', 'j', Exact, "joins:seconds"},
		{'C', 'C', Exact, ""}, {'P', 'P', Exact, ""}, {'T', 'T', Exact, ""},
		{'R', 'M', Exact, "quiets who is not logged in"},
		{'c', 'S', Approximate, "strips colours; here formatting as well"},
		{'i', 'i', Exact, ""}, {'m', 'm', Exact, ""}, {'n', 'n', Exact, ""}, {'s', 's', Exact, ""}, {'t', 't', Exact, ""},
		{'p', 'p', Approximate, "also forbids KNOCK there"},
		{'r', 'R', Exact, "only who is logged in may join"},
		{'z', 0, None, "messages that +m stops go to operators"},
		{'g', 0, None, "everybody may invite"}, {'F', 0, None, "everybody may forward here"},
		{'L', 0, None, "large lists"}, {'Q', 0, None, "no forwards to here"}, {'S', 0, None, "only TLS users may join"},
		{'O', 0, None, "only operators may join"}, {'A', 0, None, "only administrators may join"},
		{'M', 0, None, "operators cannot be kicked"}, {'u', 0, None, "not filtered"},
	},
	"hybrid": {
		{'k', 'k', Exact, ""}, {'l', 'l', Exact, ""},
		{'C', 'C', Exact, ""}, {'K', 'K', Exact, ""}, {'M', 'M', Exact, ""}, {'N', 'N', Exact, ""}, {'R', 'R', Exact, ""},
		{'T', 'T', Exact, ""}, {'c', 'c', Exact, "refuses control codes"}, {'i', 'i', Exact, ""}, {'m', 'm', Exact, ""}, {'n', 'n', Exact, ""},
		{'p', 'p', Exact, ""}, {'r', 'r', Exact, ""}, {'s', 's', Exact, ""}, {'t', 't', Exact, ""},
		{'u', 0, None, "lists are hidden from others than operators"}, {'L', 0, None, "large lists"},
		{'O', 0, None, "only operators may join"}, {'S', 0, None, "only TLS users may join"}, {'Q', 0, None, "no kicks"},
		{'V', 0, None, "no invitations"}, {'Z', 0, None, ""}, {'z', 0, None, "comes with S"},
	},
	"unreal6": {
		{'k', 'k', Exact, ""}, {'l', 'l', Exact, ""},
		{'L', 'f', Approximate, "the channel it names must be mirrored"},
		{'C', 'C', Exact, ""}, {'K', 'K', Exact, ""}, {'M', 'M', Exact, ""}, {'N', 'N', Exact, ""}, {'P', 'P', Exact, ""},
		{'R', 'R', Exact, ""}, {'S', 'S', Exact, ""}, {'T', 'T', Exact, ""}, {'c', 'c', Exact, ""}, {'i', 'i', Exact, ""},
		{'m', 'm', Exact, ""}, {'n', 'n', Exact, ""}, {'p', 'p', Exact, ""}, {'r', 'r', Exact, ""}, {'s', 's', Exact, ""}, {'t', 't', Exact, ""},
		{'f', 0, None, "flood protection"}, {'F', 0, None, "flood profile"}, {'H', 0, None, "history"},
		{'D', 0, None, "joins are shown late"}, {'d', 0, None, "some joins are not shown yet"}, {'G', 0, None, "bad words"},
		{'O', 0, None, "only operators may join"}, {'Q', 0, None, "no kicks"}, {'V', 0, None, "no invitations"},
		{'Z', 0, None, "all members use TLS"}, {'z', 0, None, "only TLS users may join"},
	},
}

// userModes are the modes of users by dialect. Operators (o) are told as such, and who is logged in (r) by account.
var userModes = map[string][]ModeRow{
	"solanum": {
		{'D', 'D', Exact, ""}, {'g', 'g', Exact, ""}, {'G', 'G', Exact, ""}, {'i', 'i', Exact, ""}, {'w', 'w', Exact, ""},
		{'R', 'R', Exact, ""}, {'Z', 'Z', Exact, ""}, {'B', 'B', Exact, ""},
	},
	"hybrid": {
		{'D', 'D', Exact, ""}, {'g', 'g', Exact, ""}, {'G', 'G', Exact, ""}, {'i', 'i', Exact, ""}, {'w', 'w', Exact, ""},
		{'R', 'R', Exact, ""}, {'S', 'Z', Exact, ""}, {'B', 'B', Exact, ""},
	},
	"unreal6": {
		{'d', 'D', Exact, ""}, {'i', 'i', Exact, ""}, {'w', 'w', Exact, ""}, {'R', 'R', Exact, ""}, {'z', 'Z', Exact, ""}, {'B', 'B', Exact, ""},
	},
}

// quietUserModes are those that mean nothing to other users, or are told otherwise: that they are not mirrored is no loss.
var quietUserModes = map[string]string{"solanum": "oOsSalzpQCxrh", "hybrid": "oaxXrWHFcdefjklnsuyq", "unreal6": "oxtrsHSWIpq"}

// serviceModes mark users who are services.
var serviceModes = map[string]byte{"solanum": 'S', "unreal6": 'S'}

// canonicalDialect is the dialect whose tables are used.
func canonicalDialect(dialect string) string {
	switch {
	case dialect == "hybrid":
		return dialect
	case strings.HasPrefix(dialect, "unreal"):
		return "unreal6"
	}
	return "solanum"
}

// ChannelModeTable returns what becomes of the channel modes of a dialect; what is not in it has no equivalent.
func ChannelModeTable(dialect string) []ModeRow { return channelModes[canonicalDialect(dialect)] }

// UserModeTable returns what becomes of the user modes of a dialect; what is not in it has no equivalent.
func UserModeTable(dialect string) []ModeRow { return userModes[canonicalDialect(dialect)] }

// modeIndex finds rows by letter.
type modeIndex [128]ModeRow

func newModeIndex(rows []ModeRow) *modeIndex {
	var x modeIndex
	for _, r := range rows {
		x[r.Letter] = r
	}
	return &x
}

// row returns the row of a letter: one with To 0 where there is no equivalent.
func (x *modeIndex) row(letter byte) ModeRow {
	if letter >= 128 || x[letter].Letter == 0 {
		return ModeRow{Letter: letter, Quality: None}
	}
	return x[letter]
}
